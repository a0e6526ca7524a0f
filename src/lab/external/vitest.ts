export interface Tally {
  passed: number;
  failed: number;
}

interface TestReport {
  numPassedTests: number;
  testResults: { assertionResults: { status: string }[]; status: string }[];
}

/**
 * Counts a vitest JSON report. A file that fails without a failed test in it (it did not load, a hook failed) counts as
 * one failure, and so does a run that fails for no reason in the report (an unhandled error).
 */
export function testTally(report: string, exitCode: number): Tally {
  const { numPassedTests: passed, testResults }: TestReport = JSON.parse(report);
  let failed = 0;
  for (const { status, assertionResults } of testResults) {
    const tests = assertionResults.filter((test) => test.status === 'failed').length;
    failed += tests === 0 && status === 'failed' ? 1 : tests;
  }
  return { passed, failed: failed === 0 && exitCode !== 0 ? 1 : failed };
}
