import { type RequestHandle, type Result, ResultTimeoutError } from '../../client/index.ts';
import { encodeJson } from '../../wire/json.ts';
import { operatorCommand } from '../operator/operator-command.ts';
import { withSmoother } from '../operator/producer.ts';
import { unknownText } from '../report/why-text.ts';
import { RESULT_LINES } from '../terminal/options.ts';
import { interruption } from '../terminal/signals.ts';

/** Who waits for longer wants to know what for. */
const QUIET_MS = 3_000;

export default operatorCommand(
  'smoother results invoice-4711',
  'smoother results --queue nightly > results.jsonl',
)
  .argument('[id...]', `wait for the results of these requests, and print them ${RESULT_LINES}`)
  .option(
    '--queue <name>',
    'print the results in one of the results_queues, in the same way, until Ctrl-C: each is then deleted',
  )
  .action((ids, { queue, ...flags }) =>
    withSmoother(flags, async (smoother) => {
      const signal = interruption();
      const handles = ids.map((id) => smoother.handle(id));
      for (const handle of handles) console.log(encodeJson(await awaited(handle, signal, console.error)));
      if (queue === undefined) return;
      console.error(`Waiting for results in ${queue}, until Ctrl-C`);
      for await (const result of smoother.results({ queue, signal })) console.log(encodeJson(result));
    }),
  );

/** The result, once there is one. What is waited for is said when it does not come at once. */
export async function awaited(
  handle: Pick<RequestHandle, 'requestId' | 'outcome' | 'status'>,
  signal: AbortSignal,
  say: (text: string) => void,
): Promise<Result> {
  try {
    return await handle.outcome({ signal, timeoutMs: QUIET_MS });
  } catch (error) {
    if (!(error instanceof ResultTimeoutError)) throw error;
  }
  const { state } = await handle.status();
  say(`Waiting for the result of ${handle.requestId}, which is ${state}`);
  if (state === 'UNKNOWN') say(unknownText(handle.requestId));
  return handle.outcome({ signal });
}
