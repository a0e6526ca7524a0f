import { EXIT } from '../command.ts';
import {
  DEAD_LETTER_ACTIONS,
  deadLetterPorts,
  operateDeadLetters,
  QUEUE_NAMES,
} from '../operator/dead-letters.ts';
import { operatorCommand, withStack } from '../operator/operator-command.ts';
import { choice, choiceArgument } from '../terminal/options.ts';

export default operatorCommand(
  'smoother dead-letters list --queue input',
  'smoother dead-letters redrive --queue input',
)
  .addArgument(
    choiceArgument(
      '<action>',
      'list; redrive: send back to where they came from; drop: delete',
      DEAD_LETTER_ACTIONS,
    ),
  )
  .addOption(choice('--queue <name>', 'whose dead letters', QUEUE_NAMES).makeOptionMandatory())
  .option('--id <id>', 'this message only, which list then shows in full; without it, all of them')
  .action((action, { queue, id, ...flags }) =>
    withStack(flags, async (stack) => {
      const count = await operateDeadLetters(action, { queue, id }, deadLetterPorts(stack), console.log);
      // It is a failure when a message with the given id is not there.
      if (count === 0 && id !== undefined) process.exitCode = EXIT.failed;
    }),
  );
