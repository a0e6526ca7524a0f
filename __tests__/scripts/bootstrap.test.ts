import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript, run before anything is installed
import { isInstalled, isSupported } from '../../scripts/bootstrap.mjs';
import { testTally } from '../../src/lab/external/vitest.ts';

describe('the Node it needs', () => {
  it.each([
    ['20.18.3', false],
    ['18.20.0', false],
    ['20.19.0', true],
    ['22.0.0', true],
  ])('%s: %s', (version, supported) => expect(isSupported(version)).toBe(supported));
});

describe('installed packages', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'bootstrap-'));
    mkdirSync(path.join(root, 'node_modules'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const wanted = {
    '': { version: '1.0.0' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/a-darwin': { version: '1.0.0', optional: true },
  };
  const write = (file: string, packages: object) =>
    writeFileSync(path.join(root, file), JSON.stringify({ packages }));

  it('are missing on a fresh clone', () => {
    write('package-lock.json', wanted);
    expect(isInstalled(root)).toBe(false);
  });

  it.each<[string, object, boolean]>([
    ['are in step without other platforms’ packages', { 'node_modules/a': { version: '1.0.0' } }, true],
    ['are out of step with another version', { 'node_modules/a': { version: '1.0.1' } }, false],
    ['are out of step with one missing', {}, false],
    [
      'are out of step with one too many',
      { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '1.0.0' } },
      false,
    ],
  ])('%s', (_name, found, installed) => {
    write('package-lock.json', wanted);
    write('node_modules/.package-lock.json', found);
    expect(isInstalled(root)).toBe(installed);
  });
});

describe('the lock file', () => {
  it('names the packages of every platform, or npm ci would refuse it', () => {
    const lock = readFileSync(path.resolve(import.meta.dirname, '../../package-lock.json'), 'utf8');
    const packages: Record<string, { optionalDependencies?: object }> = JSON.parse(lock).packages;
    const wanted = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    expect(wanted.length).toBeGreaterThan(20);
    expect(
      wanted.filter((name) => !Object.keys(packages).some((at) => at.endsWith(`node_modules/${name}`))),
    ).toEqual([]);
  });
});

describe('the count of tests', () => {
  const report = (...files: { status: string; assertionResults: { status: string }[] }[]) =>
    JSON.stringify({
      numPassedTests: files
        .flatMap((file) => file.assertionResults)
        .filter(({ status }) => status === 'passed').length,
      testResults: files,
    });
  const passed = { status: 'passed' };
  const failed = { status: 'failed' };

  it.each([
    ['all passed', report({ ...passed, assertionResults: [passed, passed] }), 0, { passed: 2, failed: 0 }],
    ['one failed', report({ ...failed, assertionResults: [passed, failed] }), 1, { passed: 1, failed: 1 }],
    ['a file did not load', report({ ...failed, assertionResults: [] }), 1, { passed: 0, failed: 1 }],
    [
      'an error outside any test',
      report({ ...passed, assertionResults: [passed] }),
      1,
      { passed: 1, failed: 1 },
    ],
  ])('%s', (_name, json, exitCode, tally) => expect(testTally(json, exitCode)).toEqual(tally));
});
