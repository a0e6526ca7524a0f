import { expect, it } from 'vitest';
import { measureBatchFile } from '../../../src/lab/bench/batch-file.ts';

const RECORDS = 250;

it('a large batch file is measured from the drop to the notification, each record once', async () => {
  const figures = await measureBatchFile({ records: RECORDS, requestsPerMinute: 6_000 });
  expect(figures.counts).toMatchObject({ success: RECORDS, error: 0, input_tokens: 120 * RECORDS });
  expect(figures.calls).toMatchObject({ 'records.create': RECORDS, 'payloads.put': RECORDS });
  expect(figures.invocations).toBeGreaterThan(1);
  expect(figures.longestInvocationSeconds).toBeLessThan(120);
  expect(figures.outputMegabytes).toBeGreaterThan(figures.fileMegabytes);
  expect(figures.costUsd).toBeGreaterThan((2.5 * RECORDS) / 1e6);
});
