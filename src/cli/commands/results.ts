import { encodeJson } from '../../wire/json.ts';
import { operatorCommand } from '../operator/operator-command.ts';
import { withSmoother } from '../operator/producer.ts';
import { interruption } from '../terminal/signals.ts';

export default operatorCommand(
  'smoother results invoice-4711',
  'smoother results --queue nightly > results.jsonl',
)
  .argument('[id...]', 'wait for the results of these requests')
  .option(
    '--queue <name>',
    'take the results from one of the results_queues, until Ctrl-C: each is then deleted',
  )
  .action((ids, { queue, ...flags }) =>
    withSmoother(flags, async (smoother) => {
      const signal = interruption();
      const handles = ids.map((id) => smoother.handle(id));
      for (const handle of handles) console.log(encodeJson(await handle.outcome({ signal })));
      if (queue === undefined) return;
      for await (const result of smoother.results({ queue, signal })) console.log(encodeJson(result));
    }),
  );
