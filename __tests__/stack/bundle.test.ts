import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FUNCTION_NAMES, type FunctionName } from '../../src/core/layout/environment.ts';
import { bundleFunctions, type FunctionBundles, zippedCodeBytes } from '../../src/stack/bundle.ts';
import { checkout } from './checkout.ts';

/**
 * Every byte delays a cold start. Nobody waits for the batch function, which needs the clients of more services than the others;
 * ingestion, which needs those of five, estimates starts besides.
 */
const BUDGETS: Partial<Record<FunctionName, number>> = { batch: 275, 'request-ingestion': 255 };
const budgetBytes = (name: FunctionName) => (BUDGETS[name] ?? 250) * 1024;

describe('zips of the functions', () => {
  const folder = checkout();
  let bundles: FunctionBundles;

  beforeAll(async () => {
    bundles = await bundleFunctions(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(FUNCTION_NAMES)('%s: code and map, without the sources', (name) => {
    const files = unzipSync(readFileSync(bundles[name].path));
    expect(Object.keys(files)).toEqual(['index.js', 'index.js.map']);
    const map = JSON.parse(Buffer.from(files['index.js.map'] ?? []).toString());
    expect(map.sources).toContain(`../../handlers/${name}.ts`);
    expect(map.sourcesContent).toBeUndefined();
  });

  it.each(FUNCTION_NAMES)('%s stays within its budget', (name) => {
    expect(zippedCodeBytes(bundles[name])).toBeGreaterThan(0);
    expect(zippedCodeBytes(bundles[name])).toBeLessThanOrEqual(budgetBytes(name));
  });
});

describe('the hash of the code', () => {
  let folder: string;
  const handler = () => path.join(folder, 'handlers/reporting.ts');

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'smoother-hash-'));
    mkdirSync(path.join(folder, 'handlers'));
    for (const name of FUNCTION_NAMES) {
      writeFileSync(path.join(folder, 'handlers', `${name}.ts`), 'export const handler = () => 1;');
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('changes with the code, of that function alone, and not with comments', async () => {
    const before = await bundleFunctions(folder);
    writeFileSync(handler(), '// Said differently.\nexport const handler = () => 1;');
    const commented = await bundleFunctions(folder);
    expect(commented.reporting.codeHash).toBe(before.reporting.codeHash);
    writeFileSync(handler(), 'export const handler = () => 2;');
    const changed = await bundleFunctions(folder);
    expect(changed.reporting.codeHash).not.toBe(before.reporting.codeHash);
    expect(changed.invocation.codeHash).toBe(before.invocation.codeHash);
  });
});
