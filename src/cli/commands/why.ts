import { checkRecordId } from '../../client/request-id.ts';
import { systemClock } from '../../core/clock.ts';
import { whyOf } from '../../core/operations/why.ts';
import { EXIT } from '../command.ts';
import { operations } from '../operator/operations.ts';
import { operatorCommand, withStack } from '../operator/operator-command.ts';
import { unknownText, whyText } from '../report/why-text.ts';
import { json } from '../terminal/options.ts';
import { printer } from '../terminal/printer.ts';

export default operatorCommand('smoother why order-4711', 'smoother why order-4711 --json')
  .argument('<request_id>', 'the id of a request; of a message that was rejected, rejected/MESSAGE_ID')
  .addOption(json())
  .action((requestId, { json: figures, ...flags }) =>
    withStack(flags, async (stack) => {
      checkRecordId(requestId);
      const print = printer(figures);
      const why = await whyOf(await operations(stack), requestId, systemClock);
      print.figures(why ?? { request_id: requestId, status: 'UNKNOWN' });
      if (why !== undefined) return print.line(whyText(why));
      process.exitCode = EXIT.failed;
      print.line(unknownText(requestId));
    }),
  );
