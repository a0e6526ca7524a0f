/** The `smoother` command. */
import { EXIT } from './command.ts';
import { runCommand } from './run-command.ts';
import { endWithNpm, endWithReader } from './terminal/signals.ts';

endWithNpm();
endWithReader(EXIT.failed);
await runCommand(process.argv.slice(2));
