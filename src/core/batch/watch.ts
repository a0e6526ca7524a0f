import { type Batch, NO_COUNTS } from './batch.ts';
import { START } from './file-lines.ts';
import { counted, knownSection } from './outcomes.ts';
import { cancelling, restOf, type Step, type StepPorts } from './step.ts';

/** Looks at the table in one step. */
const LOOKS = 10;

/**
 * Follows the requests in the order of the file, up to the first that has not ended. So each request is read once after its
 * end, and a slow request costs one read now and then.
 */
export async function watch(ports: StepPorts, batch: Batch): Promise<Step> {
  if (batch.cancel_requested_at !== undefined && !batch.cancelled) return cancelling(batch);
  let { position, seen } = batch;
  for (let look = 0; look < LOOKS; look++) {
    const { lines, end, isLast } = await knownSection(ports, batch, position);
    for (const { outcome, next } of lines) {
      if (outcome === undefined) {
        return { progress: { position, seen }, restMs: restOf(batch, ports.clock.now()) };
      }
      seen = counted(seen, outcome);
      position = next;
    }
    position = end;
    if (isLast) return { progress: { status: 'WRITING', position: START, seen, written: NO_COUNTS } };
  }
  return { progress: { position, seen } };
}
