import { writeFile } from 'node:fs/promises';
import type { LocalSmoother } from '../../lab/run/local-smoother.ts';
import { readReportRows } from '../../lab/run/report-rows.ts';
import { type RunOptions, run } from '../../lab/run/run.ts';
import { isClean, summarise } from '../../lab/run/summary.ts';
import { showProgress, type Terminal } from '../terminal/progress.ts';
import { report } from './report.ts';

export interface ReportedRun extends Omit<RunOptions, 'onProgress'> {
  /** Lines of the input. */
  total: number;
  /** Where to write the figures, as JSON. */
  summary?: string;
}

/** Runs a file through the local smoother, shows how far it is and reports at the end. True: all as it should be. */
export async function runAndReport(
  { cloud, bedrock }: Pick<LocalSmoother, 'cloud' | 'bedrock'>,
  { total, summary: file, ...options }: ReportedRun,
  terminal: Terminal,
): Promise<boolean> {
  const progress = showProgress(terminal, total);
  const record = await run({ cloud, bedrock }, { ...options, onProgress: progress.show });
  progress.end();
  const summary = summarise(record, await readReportRows(cloud, record.startedAt, Date.now()));
  if (file !== undefined) await writeFile(file, `${JSON.stringify(summary, null, 2)}\n`);
  terminal.write(`\n${report(summary, record)}\n`);
  return isClean(summary);
}
