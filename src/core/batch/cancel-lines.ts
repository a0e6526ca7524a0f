import { cancel } from '../ingestion/cancel.ts';
import { type Batch, requestIdOf } from './batch.ts';
import { knownSection, mayBeTakenIn } from './outcomes.ts';
import { type Step, type StepPorts, waiting } from './step.ts';

/** Takes the next requests back. Those that have ended, or are being called, end as they do. */
export async function cancelLines(ports: StepPorts, batch: Batch): Promise<Step> {
  const { position } = batch;
  if (!mayBeTakenIn(batch, { number: position.line }, ports.sizes)) return waiting(batch);
  const { lines, end, isLast } = await knownSection(ports, batch, position);
  const open = lines.filter(({ outcome }) => outcome === undefined);
  await Promise.all(
    open.map(({ reading }) => cancel(ports, requestIdOf(batch, reading.number), `cancel-${batch.batch_id}`)),
  );
  return isLast ? waiting(batch) : { progress: { position: end } };
}
