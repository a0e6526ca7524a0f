import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { removeConfiguration } from '../../src/stack/output-folder.ts';

it('removes the configuration of an earlier synthesis, JSON or HCL, and nothing else', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'smoother-output-'));
  try {
    const stack = path.join(folder, 'stacks', 'mine');
    mkdirSync(stack, { recursive: true });
    const left = ['terraform.tfvars', '.terraform.lock.hcl'];
    for (const file of ['cdk.tf', 'cdk.tf.json', ...left]) writeFileSync(path.join(stack, file), '');
    removeConfiguration(folder, 'mine');
    expect(existsSync(path.join(stack, 'cdk.tf'))).toBe(false);
    expect(existsSync(path.join(stack, 'cdk.tf.json'))).toBe(false);
    for (const file of left) expect(existsSync(path.join(stack, file))).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('does nothing before the first synthesis', () => {
  expect(() => removeConfiguration(path.join(tmpdir(), 'no-such-folder'), 'mine')).not.toThrow();
});
