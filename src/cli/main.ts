/** The `smoother` command. */
import { runCommand } from './run-command.ts';
import { endWithNpm } from './terminal/signals.ts';

endWithNpm();
await runCommand(process.argv.slice(2));
