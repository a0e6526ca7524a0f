import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Tally, testTally } from '../../lab/external/vitest.ts';
import { command, EXIT } from '../command.ts';
import { runNode } from '../terminal/child.ts';
import { interruption } from '../terminal/signals.ts';

export default command('smoother test').action(async () => {
  const interrupted = interruption();
  const scratch = mkdtempSync(path.join(tmpdir(), 'smoother-checks-'));
  const total: Tally = { passed: 0, failed: 0 };
  try {
    for (const { name, args, tally = oneStep } of stepsIn(scratch)) {
      console.log(`\n── ${name} ──`);
      const code = await runNode(args, {}, interrupted);
      const { passed, failed } = tally(code);
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
  /** Arguments of Node. */
  args: string[];
  /** Default: the whole step counts as one check. */
  tally?: (exitCode: number) => Tally;
}

function stepsIn(scratch: string): Step[] {
  const report = path.join(scratch, 'tests.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  return [
    { name: 'format and lint', args: ['node_modules/@biomejs/biome/bin/biome', 'ci', '.'] },
    // Each checker needs the libraries' types for itself, so more of them than cores only cost.
    { name: 'types', args: ['node_modules/typescript/bin/tsc', '--checkers', '2'] },
    {
      name: 'types of the console’s page',
      args: ['node_modules/typescript/bin/tsc', '-p', 'src/cli/console/page'],
    },
    {
      name: 'tests',
      args: ['node_modules/vitest/vitest.mjs', 'run', ...reporters],
      tally: (exitCode) => testTally(readFileSync(report, 'utf8'), exitCode),
    },
  ];
}

function oneStep(exitCode: number): Tally {
  return exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}
