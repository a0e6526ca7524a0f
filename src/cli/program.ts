import { readFileSync } from 'node:fs';
import { Command } from '@commander-js/extra-typings';
import { GROUPS, loadCommand } from './commands.ts';
import { UsageError } from './errors.ts';

const MANIFEST = new URL('../../package.json', import.meta.url);
const ABOUT = `
Every command has --help. Where a command prints figures, --json prints them as
JSON in place of the text, and --json FILE writes them there beside the text.

Environment:
  NO_COLOR          no bold and no colours
  SMOOTHER_OUTPUTS  a file with what "terraform output -json" prints; tells the
                    commands for producers and operators which stack is meant

Exit codes:
  0  all well
  1  something failed
  2  the command line, or a file that it names, cannot be used`;

/** The whole command line. Only commands that are among `words` are loaded. */
export async function programFor(words: readonly string[]): Promise<Command> {
  const { description, version } = JSON.parse(readFileSync(MANIFEST, 'utf8'));
  const program = new Command('smoother')
    .description(description)
    .version(version)
    .allowExcessArguments()
    .exitOverride()
    // runCommand prints errors.
    .configureOutput({ outputError: () => undefined })
    .configureHelp({ styleTitle: (title) => `\u001b[1m${title}\u001b[22m` })
    .addHelpText('after', ABOUT)
    .hook('preAction', (_, { args, registeredArguments }) => {
      const takesMore = registeredArguments.at(-1)?.variadic === true;
      const surplus = takesMore ? [] : args.slice(registeredArguments.length);
      if (surplus.length > 0) throw new UsageError(`unknown argument ${surplus.map(quote).join(', ')}`);
    });
  for (const [group, commands] of Object.entries(GROUPS)) {
    for (const [name, description] of Object.entries(commands)) {
      const command = words.includes(name) ? await loadCommand(name) : new Command();
      command.name(name).description(description).helpGroup(group).copyInheritedSettings(program);
      program.addCommand(command);
    }
  }
  return program;
}

function quote(word: string): string {
  return JSON.stringify(word);
}
