import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, describe, expect, it } from 'vitest';
import {
  cancelBatch,
  checkFile,
  checkOptions,
  describeBatch,
  nameOfFile,
  reportOn,
  submitBatch,
} from '../../../src/cli/operator/batches.ts';
import { batchIdOf } from '../../../src/core/batch/batch.ts';

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

  it('that is compressed is told as such', async () => {
    const file = path.join(folder, 'compressed.jsonl');
    writeFileSync(file, gzipSync('{"modelInput":{}}'));
    await expect(checkFile(file, () => undefined)).rejects.toThrow('compressed by gzip');
  });

  it('is not uploaded when a key of its output would be too long for S3', async () => {
    const store = { s3: {} as S3Client, bucket: 'calls' };
    await expect(submitBatch(store, 'n'.repeat(500), path.join(folder, 'none'), {})).rejects.toThrow(
      'the name of the file is too long',
    );
  });

  it('has options that are refused before anything is uploaded', () => {
    expect(() => checkOptions({ 'model-id': 'amazon.nova-lite-v1:0', deadline: 'tomorrow' })).toThrow(
      'deadline: must be an ISO 8601 time',
    );
    expect(() => checkOptions({ priority: '2' })).toThrow('model_id: missing');
    expect(() => checkOptions({ 'model-id': 'amazon.nova-lite-v1:0' })).not.toThrow();
  });
});

it('an upload that fails says why, also to those who may not abort it', async () => {
  const file = path.join(folder, 'large.jsonl');
  writeFileSync(file, Buffer.alloc(9 * 1024 * 1024));
  const s3 = new S3Client({ region: 'us-east-1' });
  s3.send = async (command: unknown) => {
    if (command instanceof CreateMultipartUploadCommand) return { UploadId: 'u' };
    throw new Error(command instanceof UploadPartCommand ? 'ExpiredToken' : 'AccessDenied');
  };
  await expect(submitBatch({ s3, bucket: 'calls' }, 'large', file, {})).rejects.toThrow('ExpiredToken');
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

const UPLOADED = '2026-11-28T10:00:00.000Z';
/** A bucket with this file and the progress of its batch, and what was put there. */
function storeWith(progress: object | undefined) {
  const put: unknown[] = [];
  const file = { ETag: '"e"', ContentLength: 1, LastModified: new Date(UPLOADED) };
  const send = async (command: object) => {
    if (command instanceof HeadObjectCommand) return file;
    if (command instanceof PutObjectCommand) return void put.push([command.input.Key, command.input.Body]);
    if (progress === undefined) throw new NoSuchKey({ $metadata: {}, message: 'none' });
    return { Body: { transformToString: async () => JSON.stringify(progress) } };
  };
  return { store: { s3: { send } as unknown as S3Client, bucket: 'calls' }, put };
}

describe('the progress of a batch', () => {
  it.each([
    [
      'has not begun, when its file was refused before it was uploaded again',
      '2026-11-28T09:59:59.900Z',
      undefined,
    ],
    ['is the refusal of this upload', UPLOADED, 'FAILED'],
  ])('%s', async (_, updatedAt, expected) => {
    const { store } = storeWith({ status: 'FAILED', problem: 'model_id: missing', updatedAt });
    expect((await reportOn(store, 'nightly'))?.status).toBe(expected);
  });

  it('is that of the same content, however often it was uploaded', async () => {
    const before = '2026-11-27T00:00:00.000Z';
    const { store } = storeWith({ status: 'COMPLETED', createdAt: before, updatedAt: before });
    expect((await reportOn(store, 'nightly'))?.status).toBe('COMPLETED');
  });
});

describe('the cancellation of a batch', () => {
  it.each(['COMPLETED', 'CANCELLED', 'FAILED'])('is not asked for once it has ended %s', async (status) => {
    const { store, put } = storeWith({ status });
    expect(await cancelBatch(store, 'nightly')).toEqual({ cancels: false, text: `has ended ${status}` });
    expect(put).toEqual([]);
  });

  it('is not asked for when all records have ended', async () => {
    const { store, put } = storeWith({ status: 'WRITING' });
    expect((await cancelBatch(store, 'nightly')).text).toContain('too late');
    expect(put).toEqual([]);
  });

  it.each([undefined, { status: 'TAKING_IN' }, { status: 'WAITING' }])(
    'is asked for while records wait: %j',
    async (progress) => {
      const { store, put } = storeWith(progress);
      expect(await cancelBatch(store, 'nightly')).toMatchObject({ cancels: true });
      const batchId = batchIdOf({ key: 'batches/nightly.jsonl', etag: 'e' });
      expect(put).toEqual([['batches/nightly.cancel', `${batchId}\n`]]);
    },
  );
});
