import { Command } from '@commander-js/extra-typings';

/** Exit codes, as `smoother --help` documents them. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** Begins a command; its name and description are in commands.ts. The examples close its help. */
export function command(...examples: string[]) {
  return new Command().addHelpText(
    'after',
    ['', 'Example:', ...examples.map((line) => `  ${line}`)].join('\n'),
  );
}
