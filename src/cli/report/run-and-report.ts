import type { LocalSmoother } from '../../lab/run/local-smoother.ts';
import { readReportRows } from '../../lab/run/report-rows.ts';
import { type RunOptions, run } from '../../lab/run/run.ts';
import { isClean, summarise } from '../../lab/run/summary.ts';
import type { Printer } from '../terminal/printer.ts';
import { showProgress } from '../terminal/progress.ts';
import { report } from './report.ts';

export interface ReportedRun extends Omit<RunOptions, 'onProgress'> {
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
  const record = await run({ cloud, bedrock }, { ...options, onProgress: progress.show });
  progress.end();
  const summary = summarise(record, await readReportRows(cloud, record.startedAt, Date.now()));
  print.line(`\n${report(summary, record)}`);
  print.figures(summary);
  return isClean(summary);
}
