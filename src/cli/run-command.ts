import { CommanderError } from 'commander';
import { EXIT } from './command.ts';
import { NAMES } from './commands.ts';
import { InterruptedError, UsageError } from './errors.ts';
import { programFor } from './program.ts';

/** Reads the words of a command line, runs one command, and sets the exit code of this process. */
export async function runCommand(words: readonly string[]): Promise<void> {
  try {
    const program = await programFor(words);
    if (words.length === 0) program.outputHelp();
    else await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    process.exitCode = await explain(error, words);
  }
}

/** Prints what was wrong, in one line if the user can do something about it. @returns the exit code */
async function explain(error: unknown, words: readonly string[]): Promise<number> {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok;
    return say(
      `${error.message.replace(/^error: /, '').replace('\n', ' ')}${whereToLook(words)}`,
      EXIT.usage,
    );
  }
  if (error instanceof UsageError) return say(error.message, EXIT.usage);
  if (error instanceof InterruptedError) return say(error.message, EXIT.failed);
  const { problemOf } = await import('./terminal/problems.ts');
  const { message, exitCode } = problemOf(error) ?? { message: error, exitCode: EXIT.failed };
  return say(message, exitCode);
}

function say(problem: unknown, exitCode: number): number {
  console.error(typeof problem === 'string' ? `smoother: ${problem}` : problem);
  return exitCode;
}

function whereToLook(words: readonly string[]): string {
  const name = words.find((word) => NAMES.includes(word));
  return `; see smoother ${name === undefined ? '' : `${name} `}--help`;
}
