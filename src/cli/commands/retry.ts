import { EXIT } from '../command.ts';
import { UsageError } from '../errors.ts';
import { failedPorts, operateFailed } from '../operator/failed.ts';
import { operatorCommand, withStack } from '../operator/operator-command.ts';

export default operatorCommand('smoother retry invoice-4711', 'smoother retry --failed')
  .argument('[id...]', 'requests that ended FAILED')
  .option('--failed', 'all that ended FAILED')
  .action((ids, { failed, ...flags }) => {
    if (ids.length > 0 === (failed === true)) throw new UsageError('retry needs request ids, or --failed');
    return withStack(flags, async (stack) => {
      const ports = await failedPorts(stack);
      for (const id of failed ? [undefined] : ids) {
        const done = await operateFailed('retry', { id }, ports, console.log);
        if (!done) process.exitCode = EXIT.failed;
      }
    });
  });
