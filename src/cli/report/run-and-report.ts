import { setTimeout } from 'node:timers/promises';
import { OUTCOMES } from '../../core/request/record.ts';
import { watchBounds } from '../../lab/run/bound-watch.ts';
import type { LocalSmoother } from '../../lab/run/local-smoother.ts';
import { readReportRows } from '../../lab/run/report-rows.ts';
import { type RunOptions, run } from '../../lab/run/run.ts';
import { isClean, summarise } from '../../lab/run/summary.ts';
import { localStack } from '../console/local.ts';
import { operations } from '../operator/operations.ts';
import type { Printer } from '../terminal/printer.ts';
import { showProgress } from '../terminal/progress.ts';
import { report } from './report.ts';

const LOOK_EVERY_MS = 500;

export interface ReportedRun extends Omit<RunOptions, 'onProgress' | 'reported'> {
  /** The number of lines in the input. */
  total: number;
}

/** Runs a file through the local smoother, shows progress, and reports at the end. @returns whether all went well */
export async function runAndReport(
  { cloud, bedrock }: Pick<LocalSmoother, 'cloud' | 'bedrock'>,
  { total, ...options }: ReportedRun,
  print: Printer,
): Promise<boolean> {
  const progress = showProgress(print.terminal, total);
  const startedAt = Date.now();
  const readRows = () => readReportRows(cloud, startedAt, Date.now());
  const reported = async (outcomes: number, signal: AbortSignal) => {
    while (!signal.aborted && countedIn(await readRows()) < outcomes) await setTimeout(LOOK_EVERY_MS);
  };
  const { stack, end } = localStack(cloud);
  const bounds = watchBounds(await operations(stack));
  try {
    const record = await run({ cloud, bedrock }, { ...options, reported, onProgress: progress.show });
    progress.end();
    const summary = summarise(record, await readRows(), bounds.end());
    print.line(`\n${report(summary, record)}`);
    print.figures(summary);
    return isClean(summary);
  } finally {
    bounds.end();
    end();
  }
}

function countedIn(rows: Awaited<ReturnType<typeof readReportRows>>): number {
  const names = OUTCOMES.map((outcome) => outcome.toLowerCase());
  return rows.reduce((sum, { counters }) => names.reduce((all, name) => all + (counters[name] ?? 0), sum), 0);
}
