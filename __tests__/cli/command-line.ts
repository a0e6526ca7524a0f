/** Command lines as the help and the documentation show them: parsed by the real commands, whose actions do nothing here. */
import { programFor } from '../../src/cli/program.ts';

export interface Parsed {
  command: string;
  /** What the action was given: arguments, then options. */
  args: unknown[];
}

/** @param words after `smoother` */
export async function parse(words: readonly string[]): Promise<Parsed> {
  const program = await programFor(words);
  let parsed: Parsed | undefined;
  for (const command of program.commands) {
    command.action((...args: unknown[]) => {
      parsed = { command: command.name(), args: args.slice(0, -1) };
    });
  }
  await program.parseAsync(words, { from: 'user' });
  if (parsed === undefined) throw new Error('no command ran');
  return parsed;
}

/** The words of a line as a shell splits it, double quotes and comments included; one that runs in the background ends with `&`. */
export function wordsOf(line: string): string[] {
  const command = line.replace(/ # .*/, '').replace(/ &\s*$/, '');
  return [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

/** The values of options that must name a file which is there. */
export function filesIn(words: readonly string[]): string[] {
  return words.filter((_, index) => /^--(input|outputs|var-file|trace)$/.test(words[index - 1] ?? ''));
}
