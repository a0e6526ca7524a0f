import { answers } from '../console/answers.ts';
import { startConsole } from '../console/server.ts';
import { operatorCommand, withStack } from '../operator/operator-command.ts';
import { PORT, wholeNumber } from '../terminal/options.ts';
import { untilSignal } from '../terminal/signals.ts';

export default operatorCommand('smoother console', 'smoother console --port 4590 --read-only')
  .addOption(wholeNumber('--port <n>', 'where the page is served; 0 takes a free port', PORT).default(0))
  .option('--read-only', 'look, and do nothing')
  .action(({ port, readOnly, ...flags }) =>
    withStack(flags, async (stack) => {
      const stopped = untilSignal();
      const { url, close } = await startConsole(await answers(stack), { port, readOnly });
      try {
        console.log(
          `The console, until Ctrl-C. The address is for you alone: who has it can do what you can.\n\n  ${url}\n`,
        );
        await stopped;
      } finally {
        await close();
      }
    }),
  );
