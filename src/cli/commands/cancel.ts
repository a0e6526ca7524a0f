import { EXIT } from '../command.ts';
import { operatorCommand } from '../operator/operator-command.ts';
import { withSmoother } from '../operator/producer.ts';
import { interruption } from '../terminal/signals.ts';

export default operatorCommand('smoother cancel invoice-4711')
  .argument('<id...>', 'request ids')
  .action((ids, flags) =>
    withSmoother(flags, async (smoother) => {
      const signal = interruption();
      const cancelling = ids.map(async (id) => {
        const cancellation = await smoother.handle(id).cancel({ signal });
        console.log(`${id}  ${cancellation}`);
        if (cancellation !== 'cancelled') process.exitCode = EXIT.failed;
      });
      await Promise.all(cancelling);
    }),
  );
