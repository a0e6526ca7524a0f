import { EXIT } from '../command.ts';
import { operatorCommand } from '../operator/operator-command.ts';
import { withSmoother } from '../operator/producer.ts';

export default operatorCommand('smoother status invoice-4711')
  .argument('<id...>', 'request ids')
  .action((ids, flags) =>
    withSmoother(flags, async (smoother) => {
      for (const id of ids) {
        const { state, ahead, cancelRequested } = await smoother.handle(id).status();
        const before =
          ahead &&
          `${ahead.more ? 'more than ' : ''}${ahead.requests} requests, ${ahead.tokens} tokens ahead`;
        console.log([id, state, before, cancelRequested && 'cancel requested'].filter(Boolean).join('  '));
        if (state === 'UNKNOWN') process.exitCode = EXIT.failed;
      }
    }),
  );
