/** `npm test`: every check, one after the other; the last line counts what passed and failed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Tally, testTally } from './tally.ts';

const root = path.resolve(import.meta.dirname, '..');
const scratch = mkdtempSync(path.join(tmpdir(), 'smoother-checks-'));
const report = path.join(scratch, 'tests.json');

const STEPS: {
  name: string;
  command: [file: string, ...args: string[]];
  tally?: (exitCode: number) => Tally;
}[] = [
  { name: 'format and lint', command: ['node_modules/@biomejs/biome/bin/biome', 'ci', '.'] },
  { name: 'types', command: ['node_modules/typescript/bin/tsc'] },
  {
    name: 'tests',
    command: [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    tally: (exitCode) => testTally(readFileSync(report, 'utf8'), exitCode),
  },
  { name: 'synthesis', command: ['--import', 'tsx', 'main.ts'] },
];

const total: Tally = { passed: 0, failed: 0 };
try {
  for (const { name, command, tally = oneStep } of STEPS) {
    console.log(`\n── ${name} ──`);
    const { status } = spawnSync(process.execPath, command, {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, CDKTF_OUTDIR: path.join(scratch, 'cdktf.out') },
    });
    const { passed, failed } = tally(status ?? 1);
    console.log(failed === 0 ? `${name}: passed` : `${name}: FAILED`);
    total.passed += passed;
    total.failed += failed;
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = total.failed === 0 ? 0 : 1;
console.log(`\n${total.passed} passed, ${total.failed} failed`);

function oneStep(exitCode: number): Tally {
  return exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}
