import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Tally, testTally } from '../../lab/external/vitest.ts';
import { PROJECT_FOLDER } from '../../lab/run/synthesis.ts';
import { command, EXIT } from '../command.ts';

export default command('smoother test').action(() => {
  const scratch = mkdtempSync(path.join(tmpdir(), 'smoother-checks-'));
  const total: Tally = { passed: 0, failed: 0 };
  try {
    for (const { name, command, tally = oneStep } of stepsIn(scratch)) {
      console.log(`\n── ${name} ──`);
      const { status } = spawnSync(process.execPath, command, {
        cwd: PROJECT_FOLDER,
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
  process.exitCode = total.failed === 0 ? EXIT.ok : EXIT.failed;
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
});

interface Step {
  name: string;
  command: string[];
  /** Default: the step counts as one. */
  tally?: (exitCode: number) => Tally;
}

function stepsIn(scratch: string): Step[] {
  const report = path.join(scratch, 'tests.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  return [
    { name: 'format and lint', command: ['node_modules/@biomejs/biome/bin/biome', 'ci', '.'] },
    { name: 'types', command: ['node_modules/typescript/bin/tsc'] },
    {
      name: 'tests',
      command: ['node_modules/vitest/vitest.mjs', 'run', ...reporters],
      tally: (exitCode) => testTally(readFileSync(report, 'utf8'), exitCode),
    },
    { name: 'synthesis', command: ['--import', 'tsx', 'main.ts'] },
  ];
}

function oneStep(exitCode: number): Tally {
  return exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}
