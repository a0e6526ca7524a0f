// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Terraform expressions
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onPath } from '../../../src/lab/external/python-tool.ts';
import { TfvarsError } from '../../../src/local/terraform/errors.ts';
import { loadTfvars, readTfvars } from '../../../src/local/terraform/tfvars.ts';
import type { Value } from '../../../src/local/terraform/value.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'tfvars-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

async function mistakesOf(reading: Promise<unknown>): Promise<string[]> {
  const error = await reading.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TfvarsError);
  return (error as Error).message.replaceAll(`${folder}/`, '').split('\n');
}

/** What Terraform 1.11 makes of expressions in a file of values. */
const ACCEPTED: [expression: string, value: Value][] = [
  ['7 * 4', 28],
  ['(1 + 2) * 3', 9],
  ['-5', -5],
  ['false ? true : false', false],
  ['1 < 2 && !false', true],
  ['"1" + 1', 2],
  ['"x${1 + 2}y"', 'x3y'],
  ['"$${x} %%{y}"', '${x} %{y}'],
  ['"\\u00e9"', 'é'],
  ['<<EOT\nops@example.com\nEOT', 'ops@example.com\n'],
  ['<<-EOT\n    ops\n      x\n  EOT', 'ops\n  x\n'],
  ['"${[1]}"', [1]],
  ['[for x in [1, 2] : x * 2]', [2, 4]],
  ['[for i, x in ["a", "b"] : "${i}${x}" if x != "a"]', ['1b']],
  ['{ for k, v in { a = 1 } : k => v }', { a: 1 }],
  ['{ b = 1, "c:0" = 2, d-e : 3 }', { b: 1, 'c:0': 2, 'd-e': 3 }],
  ['{ (1 + 1) = 2 }', { '2': 2 }],
  ['{ "x${1}" = 2 }', { x1: 2 }],
  ['[{ x = 1 }, { x = 2 }][*].x', [1, 2]],
  ['[1, 2][0] # the first', 1],
  ['null', null],
];

/** And what it refuses, in these words. */
const REFUSED: [expression: string, words: string][] = [
  ['var.dashboard_name', 'Variables not allowed'],
  ['local.x', 'Variables not allowed'],
  ['some_name', 'Variables not allowed'],
  ['"a-${var.x}"', 'Variables not allowed'],
  ['[for x in var.list : x]', 'Variables not allowed'],
  ['{ "${var.x}" = 2 }', 'Variables not allowed'],
  ['{ a = [{ b = data.c }] }', 'Variables not allowed'],
  ['upper("x")', 'Function calls not allowed'],
  ['{ us.amazon.nova = 2 }', 'Ambiguous attribute key'],
];

/** These stop Terraform at the first. */
const MALFORMED: [text: string, line: number, words: string][] = [
  ['a = 1\nb = \n', 2, 'Invalid expression'],
  ['a = [1, 2\nb = 3\n', 2, 'Missing item separator'],
  ['a = 1\n\na = 2\n', 3, 'Attribute redefined'],
  ['"a" = 1\n', 1, 'Invalid argument name'],
  ['a = { us.amazon.nova-lite-v1:0 = 2 }\n', 1, 'Missing attribute separator'],
];

const listing = (rows: [string, unknown][]) => rows.map(([text], at) => `v${at} = ${text}\n`).join('');

describe('a file of values', () => {
  it.each(ACCEPTED)('takes %s', async (expression, value) => {
    const { values, lines } = await readTfvars(write('one.tfvars', `# comment\nv = ${expression}\n`));
    expect(values).toEqual({ v: value });
    expect([...lines]).toEqual([['v', 2]]);
  });

  it.each(REFUSED)('refuses %s', async (expression, words) => {
    const text = `ok = 1\nv = ${expression}\n`;
    expect(await mistakesOf(readTfvars(write('one.tfvars', text)))).toEqual([
      expect.stringContaining(`one.tfvars:2: v: ${words}`),
    ]);
  });

  it('tells all that it refuses at once, each in a line with file, line and variable', async () => {
    const file = write('all.tfvars', listing(REFUSED));
    expect(await mistakesOf(readTfvars(file))).toEqual(
      REFUSED.map(([, words], at) => expect.stringContaining(`all.tfvars:${at + 1}: v${at}: ${words}`)),
    );
  });

  it.each(MALFORMED)('refuses %j in one line', async (text, line, words) => {
    expect(await mistakesOf(readTfvars(write('bad.tfvars', text)))).toEqual([
      expect.stringMatching(new RegExp(`^bad\\.tfvars:${line}: ${words}`)),
    ]);
  });

  it('refuses a block, by its name', async () => {
    const file = write('block.tfvars', 'a = 1\nquota {\n  rpm = 2\n}\n');
    expect(await mistakesOf(readTfvars(file))).toEqual([
      'block.tfvars:2: quota: Blocks are not allowed here',
    ]);
  });

  it('may start with a byte order mark', async () => {
    expect((await readTfvars(write('bom.tfvars', '\uFEFFa = 1\r\nb = 2\r\n'))).values).toEqual({
      a: 1,
      b: 2,
    });
  });
});

describe('a file of values in JSON', () => {
  const text = '{\n  "//": "comment",\n  "a": "${1 + 1}",\n  "b": { "//": 1 }\n}';

  it('is taken literally, without its comments', async () => {
    const { values, lines } = await readTfvars(write('a.tfvars.json', text));
    expect(values).toEqual({ a: '${1 + 1}', b: { '//': 1 } });
    expect([...lines]).toEqual([
      ['a', 3],
      ['b', 4],
    ]);
  });

  it.each([
    ['{"a":1,\n}', 2],
    ['{"a":1,\n"a":2}', 2],
    ['[1]', 1],
    ['\uFEFF{"a":1}', 1],
  ])('is refused in one line: %j', async (malformed, line) => {
    const mistakes = await mistakesOf(readTfvars(write('bad.tfvars.json', malformed)));
    expect(mistakes).toEqual([expect.stringMatching(new RegExp(`^bad\\.tfvars\\.json:${line}: `))]);
  });
});

describe('values for the variables of a stack', () => {
  const declarations = {
    email: { type: 'string' },
    days: {
      type: 'number',
      default: 1,
      validation: [{ condition: '${var.days <= 30}', error_message: 'days must be at most 30.' }],
    },
    weights: { type: 'map(number)', default: {} },
  };

  it('are checked all at once, and what is missing is said last', async () => {
    const file = write('prod.tfvars', 'weights = { a = "many" }\n\ndays = 7 * 7\n');
    expect(await mistakesOf(loadTfvars(file, declarations))).toEqual([
      'prod.tfvars:1: weights: expected a number, got the string "many"',
      'prod.tfvars:3: days: days must be at most 30.',
      'prod.tfvars: email: a value is required, and none was given',
    ]);
  });

  it('that no variable wants are warned of and left out', async () => {
    const file = write('extra.tfvars', 'email = "a@b.c"\ncost_center = "42"\n');
    expect(await loadTfvars(file, declarations)).toEqual({
      values: { email: 'a@b.c' },
      warnings: [`${file}:2: cost_center: the stack has no such variable; the value is ignored`],
    });
  });
});

describe.skipIf(onPath('terraform') === undefined)(
  'Terraform itself (skipped where it is not installed)',
  () => {
    const declared = [...ACCEPTED, ...REFUSED].map((_, at) => at);

    beforeAll(() => {
      const variables = declared.map((at) => `variable "v${at}" {\n  default = null\n}\n`);
      write('main.tf', variables.join(''));
    });

    function terraform(file: string, input: string) {
      const { stdout, stderr } = spawnSync(
        'terraform',
        ['console', '-no-color', `-var-file=${path.basename(file)}`],
        {
          cwd: folder,
          input,
          encoding: 'utf8',
          env: { ...process.env, CHECKPOINT_DISABLE: 'true' },
        },
      );
      return { stdout, stderr: stderr.replaceAll(/\s+/g, ' ') };
    }

    it('takes and makes of it the same', () => {
      const file = write('accepted.tfvars', listing(ACCEPTED));
      const all = ACCEPTED.map((_, at) => `var.v${at}`).join(', ');
      const { stdout } = terraform(file, `jsonencode([${all}])\n`);
      expect(JSON.parse(JSON.parse(stdout))).toEqual(ACCEPTED.map(([, value]) => value));
    });

    it('refuses the same, in the same words', () => {
      const { stderr } = terraform(write('refused.tfvars', listing(REFUSED)), '1\n');
      for (const [at, [, words]] of REFUSED.entries()) {
        expect(stderr).toContain(`${words} on refused.tfvars line ${at + 1}`);
      }
    });

    it('finds the same malformed', () => {
      for (const [text, line, words] of MALFORMED.slice(0, 3)) {
        expect(terraform(write('malformed.tfvars', text), '1\n').stderr).toContain(
          `${words} on malformed.tfvars line ${line}`,
        );
      }
    });
  },
);
