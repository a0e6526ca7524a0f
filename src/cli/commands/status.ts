import { EXIT } from '../command.ts';
import { operatorCommand } from '../operator/operator-command.ts';
import { withSmoother } from '../operator/producer.ts';
import { moment } from '../report/numbers.ts';

export default operatorCommand('smoother status invoice-4711')
  .argument('<id...>', 'request ids')
  .action((ids, flags) =>
    withSmoother(flags, async (smoother) => {
      for (const id of ids) {
        const { state, ahead, expectedStart, isTooLate, cancelRequested } = await smoother
          .handle(id)
          .status();
        const before =
          ahead &&
          `${ahead.more ? 'more than ' : ''}${ahead.requests} requests, ${ahead.tokens} tokens ahead`;
        const start =
          expectedStart &&
          `expected to start at ${moment(expectedStart.p50)}, by ${moment(expectedStart.p95)}`;
        const late = isTooLate && 'which is after its deadline';
        console.log(
          [id, state, before, start, late, cancelRequested && 'cancel requested'].filter(Boolean).join('  '),
        );
        if (state === 'UNKNOWN') process.exitCode = EXIT.failed;
      }
    }),
  );
