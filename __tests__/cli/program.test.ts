import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from '@commander-js/extra-typings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { programFor } from '../../src/cli/program.ts';

const NAMES = Object.keys(COMMANDS);

/** Parses a command line; its action only notes what it was given. */
async function parse(line: string): Promise<{ command: string; args: unknown[] }> {
  const words = wordsOf(line);
  const program = await programFor(words);
  let seen: { command: string; args: unknown[] } | undefined;
  for (const command of program.commands) {
    command.action((...args: unknown[]) => {
      seen = { command: command.name(), args: args.slice(0, -1) };
    });
  }
  await program.parseAsync(words, { from: 'user' });
  if (seen === undefined) throw new Error('no command ran');
  return seen;
}

/** As a shell splits them, with double quotes. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
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
    const files = readdirSync(path.resolve(import.meta.dirname, '../../src/cli/commands'));
    expect(files.sort()).toEqual([...NAMES, 'index'].map((name) => `${name}.ts`).sort());
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
    ['dead-letters list --queue output', '--queue must be one of input, hold, reporting, got "output"'],
    [
      'bench-engine --ticks --only overload',
      "option '--ticks' cannot be used with option '--only <workload>'",
    ],
    ['soak --requests', "option '--requests <n>' argument missing"],
  ])('refuses: smoother %s', async (line, message) => {
    await expect(parse(line)).rejects.toThrow(message);
  });

  it('gives an action its values by their types', async () => {
    const { args } = await parse(
      'bedrock-simulator --port 4570 --rpm 600 --latency-sigma 0.5 --faults throttling=0.1,model-error=0.2',
    );
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

describe.each(NAMES)('smoother %s --help', (name) => {
  let folder: string;
  const home = process.cwd();
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'smoother-help-'));
    process.chdir(folder);
    for (const file of ['requests.jsonl', 'outputs.json', 'AzureLLMInferenceTrace_code.csv'])
      writeFileSync(file, '');
  });
  afterAll(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true });
  });

  it('shows examples that work', async () => {
    const examples = (await helpOf(name)).split('Example:\n')[1]?.trim().split('\n') ?? [];
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      expect(example.trim()).toMatch(/^smoother /);
      expect((await parse(example.trim().slice('smoother '.length))).command).toBe(name);
    }
  });
});
