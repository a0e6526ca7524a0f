import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { outputOf, readOutputs } from '../../../src/cli/operator/outputs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'smoother-outputs-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const name = path.join(folder, 'outputs.json');
  writeFileSync(name, text);
  return name;
}

test('outputs are read as Terraform prints them', () => {
  const printed = { input_queue_url: { sensitive: false, type: 'string', value: 'https://queue' } };
  const outputs = readOutputs(file(JSON.stringify(printed)));
  expect(outputOf(outputs, 'input_queue_url')).toBe('https://queue');
  expect(() => outputOf(outputs, 'input_dlq_url')).toThrow(
    '--outputs has no input_dlq_url; is the stack applied?',
  );
});

test('what is no such file is said', () => {
  for (const text of ['', '[1]', '{"a": null}']) {
    expect(() => readOutputs(file(text))).toThrow(
      '--outputs must be a file with what "terraform output -json" prints',
    );
  }
});
