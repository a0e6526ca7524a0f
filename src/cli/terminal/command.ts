import { ExternalToolError, MissingToolError } from '../../lab/external/errors.ts';
import { SimulatorOptionError } from '../../local/bedrock/errors.ts';
import { UsageError } from './flags.ts';

/** What the user can mend. */
const USERS = [UsageError, SimulatorOptionError, MissingToolError, ExternalToolError];

/** Runs a command on the process's arguments; its number is the exit code. What the user can mend is said in one line. */
export async function runCommand(command: (args: string[]) => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command(process.argv.slice(2));
  } catch (error) {
    const isUsers = USERS.some((type) => error instanceof type) || isSystemError(error);
    console.error(isUsers ? (error as Error).message : error);
    process.exitCode = 1;
  }
}

/** A file that cannot be opened, a port that is taken: Node's own message says it all. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

/** Resolves on Ctrl-C or a termination request. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
