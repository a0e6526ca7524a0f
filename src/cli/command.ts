import { Command } from '@commander-js/extra-typings';

/** Exit codes, as `smoother --help` documents them. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** Begins a command. Its name and description are in commands.ts; the examples are the end of its help. */
export function command(...examples: string[]) {
  return new Command().addHelpText(
    'after',
    ['', 'Example:', ...examples.map((line) => `  ${line}`)].join('\n'),
  );
}
