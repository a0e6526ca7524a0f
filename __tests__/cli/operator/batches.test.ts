import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkFile, checkOptions, describeBatch, nameOfFile } from '../../../src/cli/operator/batches.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'batches-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a batch file', () => {
  it('is called by its name, without folder and ending', () => {
    expect(nameOfFile('data/2026/nightly.jsonl')).toBe('nightly');
    expect(nameOfFile('nightly')).toBe('nightly');
  });

  it('is checked line by line as the function reads it', async () => {
    const file = path.join(folder, 'mixed.jsonl');
    const lines = [
      '{"modelInput":{}}',
      '',
      'not JSON',
      '{"recordId":"R","modelInput":{"a":1}}',
      '{"input":{}}',
    ];
    writeFileSync(file, lines.join('\n'));
    const bad: [number, string][] = [];
    expect(await checkFile(file, (line, problem) => void bad.push([line, problem]))).toBe(2);
    expect(bad).toEqual([
      [3, 'the line is not JSON'],
      [5, expect.stringContaining('modelInput')],
    ]);
  });

  it('has options that are refused before anything is uploaded', () => {
    expect(() => checkOptions({ 'model-id': 'amazon.nova-lite-v1:0', deadline: 'tomorrow' })).toThrow(
      'deadline: must be an ISO 8601 time',
    );
    expect(() => checkOptions({ priority: '2' })).toThrow('model_id: missing');
    expect(() => checkOptions({ 'model-id': 'amazon.nova-lite-v1:0' })).not.toThrow();
  });
});

it('a batch is described by its status, and by its counts or the reason of its failure', () => {
  const about = { batchId: 'b', name: 'nightly', updatedAt: '', output: '' };
  expect(describeBatch('nightly', undefined)).toBe('nightly  not begun yet');
  expect(describeBatch('nightly', { ...about, status: 'FAILED', problem: 'model_id: missing' })).toBe(
    'nightly  FAILED  model_id: missing',
  );
  const counts = {
    totalRecordCount: 9,
    processedRecordCount: 5,
    successRecordCount: 4,
    errorRecordCount: 1,
    inputTokenCount: 0,
    outputTokenCount: 0,
  };
  expect(describeBatch('nightly', { ...about, ...counts, status: 'WAITING' })).toBe(
    'nightly  WAITING  5 of 9 records have ended, 1 of them with an error',
  );
});
