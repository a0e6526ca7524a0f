import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from '@commander-js/extra-typings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { pagesOf } from '../../scripts/docs/pages.ts';
import { importsOf } from '../../scripts/docs/rooms.ts';
import { NAMES } from '../../src/cli/commands.ts';
import { programFor } from '../../src/cli/program.ts';
import { filesIn, parse, wordsOf } from './command-line.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** The files of ours that a file imports, at once or through others. */
function loadedBy(file: string, loaded = new Set<string>()): string[] {
  if (loaded.has(file)) return [];
  loaded.add(file);
  const text = readFileSync(path.join(ROOT, file), 'utf8').replaceAll(/\bimport(?: type |\()[^;]*/g, '');
  for (const imported of importsOf(file, text)) loadedBy(imported, loaded);
  return [...loaded].sort();
}

async function helpOf(name?: string): Promise<string> {
  const program = await programFor(name === undefined ? [] : [name]);
  const command = name === undefined ? program : program.commands.find((it) => it.name() === name);
  let text = '';
  (command as Command).configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text;
}

describe('the smoother command', () => {
  it('has one file for each command', () => {
    const files = readdirSync(path.join(ROOT, 'src/cli/commands'));
    expect(files.sort()).toEqual(NAMES.map((name) => `${name}.ts`).sort());
  });

  it('loads no command before one is named', () => {
    const isHeavy = (file: string) => /^src\/(cli\/(commands|operator|report)\/|lab|aws|core)/.test(file);
    expect(loadedBy('src/cli/main.ts')).toContain('src/cli/program.ts');
    expect(loadedBy('src/cli/main.ts').filter(isHeavy)).toEqual([]);
    expect(loadedBy('src/cli/commands/lanes.ts').filter(isHeavy)).toContain('src/aws/clients.ts');
  });

  it('names every command and the exit codes in its help', async () => {
    const help = await helpOf();
    for (const name of NAMES) expect(help).toMatch(new RegExp(`^  ${name} `, 'm'));
    for (const text of [
      'On your machine:',
      'For operators:',
      'Checks and benchmarks:',
      '2  the command line',
    ]) {
      expect(help).toContain(text);
    }
  });

  it.each([
    ['strat', "unknown command 'strat'\n(Did you mean start?)"],
    ['start --rmp 5', "unknown option '--rmp'\n(Did you mean --rpm?)"],
    ['start fast "and more"', 'unknown argument "fast", "and more"'],
    ['dead-letters --queue input', "missing required argument 'action'"],
    ['dead-letters list', "required option '--queue <name>' not specified"],
    ['dead-letters look --queue input', '<action> must be one of list, redrive, drop, got "look"'],
    [
      'dead-letters list --queue output',
      '--queue must be one of input, hold, batches, reporting, got "output"',
    ],
    [
      'bench-engine --ticks --only overload',
      "option '--ticks' cannot be used with option '--only <workload>'",
    ],
    ['soak --requests', "option '--requests <n>' argument missing"],
  ])('refuses: smoother %s', async (line, message) => {
    await expect(parse(wordsOf(line))).rejects.toThrow(message);
  });

  it('gives an action its values by their types', async () => {
    const line =
      'bedrock-simulator --port 4570 --rpm 600 --latency-sigma 0.5 --faults throttling=0.1,model-error=0.2';
    const { args } = await parse(wordsOf(line));
    expect(args[0]).toMatchObject({
      host: '127.0.0.1',
      port: 4570,
      rpm: 600,
      enforcement: 'sliding-window',
      seed: 1,
      latencySigma: 0.5,
      faults: { throttling: 0.1, 'model-error': 0.2 },
    });
  });
});

describe('command lines', () => {
  let folder: string;
  const home = process.cwd();
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'smoother-lines-'));
    process.chdir(folder);
  });
  afterAll(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true });
  });

  /** The command that a line runs, with the files that it names in place. */
  async function commandOf(line: string): Promise<string> {
    const [smoother, ...words] = wordsOf(line);
    expect(smoother).toBe('smoother');
    for (const file of filesIn(words)) writeFileSync(file, '');
    return (await parse(words)).command;
  }

  it.each(NAMES)('that the help of smoother %s shows are right', async (name) => {
    const examples = (await helpOf(name)).split('Example:\n')[1]?.trim().split('\n') ?? [];
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(await commandOf(example)).toBe(name);
  });

  it('that the documentation shows are right', async () => {
    const scripts: Record<string, string> = manifest.scripts;
    const pages = pagesOf(ROOT).map((page) => readFileSync(path.join(ROOT, page), 'utf8'));
    const shown = pages.flatMap((text) => text.match(/^npm (start|run [\w:-]+)\b.*$/gm) ?? []);
    const lines = shown.flatMap((line) => {
      const [, script = '', rest = ''] = /^npm (?:run )?([\w:-]+)(?: --(.*))?/.exec(line) ?? [];
      const runs = scripts[script]?.match(/^node scripts\/run.mjs(.*)/)?.[1];
      // A shell's & at the end is no argument.
      return runs === undefined ? [] : [`smoother${runs}${optional(rest.replace(/ &$/, ''))}`];
    });
    expect(lines.length).toBeGreaterThan(20);
    for (const line of lines) await expect(commandOf(line), line).resolves.toBeTypeOf('string');
  });
});

/** `[--id ID]` is shown as what may be left out. */
function optional(rest: string): string {
  return rest.replaceAll(/[[\]]/g, '');
}
