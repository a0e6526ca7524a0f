import { EXIT } from '../command.ts';
import { FAILED_ACTIONS, failedPorts, operateFailed } from '../operator/failed.ts';
import { operatorCommand, withStack } from '../operator/operator-command.ts';
import { choiceArgument } from '../terminal/options.ts';

export default operatorCommand('smoother failed list', 'smoother failed retry --id REQUEST_ID')
  .addArgument(
    choiceArgument('<action>', 'list; retry: run again as new requests; drop: forget', FAILED_ACTIONS),
  )
  .option('--id <request_id>', 'this request only; without it, all of them')
  .action((action, { id, ...flags }) =>
    withStack(flags, async (stack) => {
      const done = await operateFailed(action, { id }, await failedPorts(stack), console.log);
      if (!done) process.exitCode = EXIT.failed;
    }),
  );
