import { setTimeout } from 'node:timers/promises';
import { systemClock } from '../../core/clock.ts';
import { viewBudgets } from '../../core/operations/budgets.ts';
import { rememberedRows, viewOverview } from '../../core/operations/overview.ts';
import { operations } from '../operator/operations.ts';
import { operatorCommand, withStack } from '../operator/operator-command.ts';
import { overviewText } from '../report/overview-text.ts';
import { wholeNumber } from '../terminal/options.ts';
import { interruption } from '../terminal/signals.ts';

/** From the top left, with what was there before erased as it is written over. */
const HOME = '\u001b[H';
const ERASE_LINE = '\u001b[K';
const ERASE_BELOW = '\u001b[J';

export default operatorCommand('smoother watch', 'smoother watch --every 10', 'smoother watch --once')
  .addOption(wholeNumber('--every <seconds>', 'look this often', { min: 1, max: 3_600 }).default(2))
  .option('--once', 'look once, and end')
  .action(({ every, once, ...flags }) =>
    withStack(flags, async (stack) => {
      const interrupted = interruption();
      const ports = await operations(stack);
      const remembering = { ...ports, rows: rememberedRows(ports.rows, systemClock) };
      const isScreen = process.stdout.isTTY && !once;
      if (isScreen) process.stdout.write('\u001b[2J');
      do {
        const [lanes, budgets] = await Promise.all([
          viewOverview(remembering, systemClock),
          viewBudgets(ports, systemClock),
        ]);
        const text = overviewText(lanes, systemClock.now(), budgets);
        process.stdout.write(
          isScreen
            ? `${HOME}${text.replaceAll('\n', `${ERASE_LINE}\n`)}${ERASE_LINE}\n${ERASE_BELOW}`
            : `${text}\n`,
        );
        if (once) return;
        await setTimeout(every * 1_000, undefined, { signal: interrupted }).catch(() => undefined);
      } while (!interrupted.aborted);
    }),
  );
