import { EXIT } from '../command.ts';
import { operatorCommand } from '../operator/operator-command.ts';
import { withSmoother } from '../operator/producer.ts';
import { interruption } from '../terminal/signals.ts';

/** The cancellation of an id that nobody knows is kept for as long (docs/messages.md). */
const NOT_ARRIVED = 'there is no such request; it is cancelled should it arrive within an hour';

export default operatorCommand('smoother cancel invoice-4711')
  .argument('<id...>', 'request ids')
  .action((ids, flags) =>
    withSmoother(flags, async (smoother) => {
      const signal = interruption();
      // All ids are looked at before anything is cancelled.
      const handles = ids.map((id) => smoother.handle(id));
      const cancelling = handles.map(async (handle) => {
        const cancellation = await handle.cancel({ signal });
        const unknown = cancellation === 'cancelled' && (await handle.status()).state === 'UNKNOWN';
        console.log(`${handle.requestId}  ${unknown ? NOT_ARRIVED : cancellation}`);
        if (cancellation !== 'cancelled') process.exitCode = EXIT.failed;
      });
      await Promise.all(cancelling);
    }),
  );
