import { EXIT } from '../command.ts';
import { operatorCommand } from '../operator/operator-command.ts';
import { withSmoother } from '../operator/producer.ts';
import { statusText } from '../report/status-text.ts';
import { unknownText } from '../report/why-text.ts';

export default operatorCommand('smoother status invoice-4711')
  .argument('<id...>', 'request ids; of messages that were rejected, rejected/MESSAGE_ID')
  .action((ids, flags) =>
    withSmoother(flags, async (smoother) => {
      const unknown: string[] = [];
      for (const id of ids) {
        const status = await smoother.handle(id).status();
        console.log(statusText(id, status));
        if (status.state === 'UNKNOWN') unknown.push(id);
      }
      if (unknown.length === 0) return;
      console.error(unknownText(...unknown));
      process.exitCode = EXIT.failed;
    }),
  );
