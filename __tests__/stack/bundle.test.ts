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
 * ingestion, which needs those of five, estimates starts besides, within budgets.
 */
const BUDGETS: Partial<Record<FunctionName, number>> = { batch: 275, 'request-ingestion': 256 };
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

describe('the hash of a zip', () => {
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

  it('changes whenever the zip does, of that function alone', async () => {
    const before = await bundleFunctions(folder);
    expect(await bundleFunctions(folder)).toEqual(before);
    writeFileSync(handler(), '// A line more: the map says so.\nexport const handler = () => 1;');
    const longer = await bundleFunctions(folder);
    expect(longer.reporting.hash).not.toBe(before.reporting.hash);
    writeFileSync(handler(), 'export const handler = () => 2;');
    const changed = await bundleFunctions(folder);
    expect(changed.reporting.hash).not.toBe(before.reporting.hash);
    expect(changed.invocation.hash).toBe(before.invocation.hash);
  });
});
