// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Terraform expressions
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readVariables } from '../../../src/lab/run/variables.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'variables-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const EMAIL = 'notification_email = "ops@example.com"\n';

async function read(text: string, name = 'test.tfvars') {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  const said = (texts: string) => texts.replaceAll(`${folder}/`, '').split('\n');
  return readVariables(file).then(
    ({ values, warnings }) => ({ values, warnings: warnings.flatMap(said) }),
    (error: Error) => ({ mistakes: said(error.message) }),
  );
}

describe('the variables of the stack, from a file', () => {
  it.each([
    ['a conditional', 'force_destroy = false ? true : false', { force_destroy: false }],
    ['arithmetic', 'payload_retention_days = 7 * 4', { payload_retention_days: 28 }],
  ])('may be %s', async (_name, line, values) => {
    expect(await read(`${EMAIL}${line}\n`)).toEqual({
      values: { notification_email: 'ops@example.com', ...values },
      warnings: [],
    });
  });

  it('may be JSON with a comment', async () => {
    const json = '{"//":"comment","notification_email":"ops@example.com"}';
    expect(await read(json, 'test.tfvars.json')).toMatchObject({
      values: { notification_email: 'ops@example.com' },
    });
  });

  it('may set what the stack does not have, which is warned of', async () => {
    const { values, warnings } = (await read(`${EMAIL}cost_center = "42"\nenvironment = "prod"\n`)) as {
      values: object;
      warnings: string[];
    };
    expect(Object.keys(values)).toEqual(['notification_email']);
    expect(warnings).toEqual([
      expect.stringMatching(/^test\.tfvars:2: cost_center: /),
      expect.stringMatching(/^test\.tfvars:3: environment: /),
    ]);
  });

  it.each([
    [
      `${EMAIL}name_prefix = var.dashboard_name\n`,
      ['test.tfvars:2: name_prefix: Variables not allowed: var.dashboard_name'],
    ],
    [
      `${EMAIL}tenant_weights = { "\${var.x}" = 2 }\n`,
      ['test.tfvars:2: tenant_weights: Variables not allowed: var.x'],
    ],
    [
      'notification_email = <<EOT\nops@example.com\nEOT\n',
      [expect.stringMatching(/^test\.tfvars:1: notification_email: .*e-mail/)],
    ],
    ['', ['test.tfvars: notification_email: a value is required, and none was given']],
  ])('are refused as Terraform refuses them: %j', async (text, mistakes) => {
    expect(await read(text)).toEqual({ mistakes });
  });
});
