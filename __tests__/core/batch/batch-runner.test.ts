import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { batchIdOf, outputKeys, requestIdOf } from '../../../src/core/batch/batch.ts';
import { answer, createBatchWorld, recordLine, records } from '../../fixtures/batch-world.ts';
import { MODEL } from '../../fixtures/ingestion-world.ts';

const KEY = 'batches/team/nightly.jsonl';

describe('a batch', () => {
  it('becomes one request for each line, and is answered in its order when all have ended', async () => {
    const world = createBatchWorld();
    await world.drop(KEY, records(250));
    expect([...world.cloud.table.all()]).toHaveLength(250);
    await world.finish();
    await world.deliver();

    const answers = await world.answers();
    const [batch] = world.cloud.batches();
    expect(answers).toHaveLength(250);
    expect(answers[6]).toEqual({
      ...JSON.parse(recordLine(7)),
      modelOutput: { answer: requestIdOf(batch ?? { batch_id: '' }, 7) },
    });
    expect(answers.map(({ recordId }) => recordId)).toEqual(
      Array.from({ length: 250 }, (_, n) => `R${n + 1}`),
    );
    expect(JSON.parse(await world.output('manifest.json.out'))).toEqual({
      totalRecordCount: 250,
      processedRecordCount: 250,
      successRecordCount: 250,
      errorRecordCount: 0,
      inputTokenCount: 2_500,
      outputTokenCount: 1_250,
    });
    expect(batch).toMatchObject({ status: 'COMPLETED', records: 250 });
  });

  it('ends with one notification, which says where the output is', async () => {
    const world = createBatchWorld();
    await world.drop(KEY, records(3));
    expect(world.cloud.published).toEqual([]);
    await world.finish();
    await world.deliver();
    const [batch] = world.cloud.batches();
    const { output } = outputKeys(batch ?? { key: '', etag: '' });
    expect(output).toMatch(/^batch-outputs\/team\/nightly\/[0-9a-f]{20}\/nightly\.jsonl\.out$/);
    expect(world.cloud.published).toEqual([
      {
        subject: 'Batch team/nightly COMPLETED: 3 of 3 records succeeded',
        message: expect.objectContaining({
          batchId: batch?.batch_id,
          name: 'team/nightly',
          status: 'COMPLETED',
          successRecordCount: 3,
          output: `s3://calls/${output}`,
        }),
      },
    ]);
  });

  it('shows how far it has come, while it waits', async () => {
    const world = createBatchWorld();
    await world.drop(KEY, records(10));
    const progress = async () => JSON.parse(await world.output('progress.json'));
    expect(await progress()).toMatchObject({
      status: 'WAITING',
      totalRecordCount: 10,
      processedRecordCount: 0,
    });
    await world.finish((record) => (/-[1-4]$/.test(record.request_id) ? answer(record) : undefined));
    await expect(world.deliver(3)).rejects.toThrow('More than 3 messages');
    expect(await progress()).toMatchObject({
      status: 'WAITING',
      totalRecordCount: 10,
      processedRecordCount: 4,
    });
    expect(JSON.parse(await world.output('manifest.json.out'))).toEqual({
      totalRecordCount: 10,
      processedRecordCount: 4,
      successRecordCount: 4,
      errorRecordCount: 0,
      inputTokenCount: 40,
      outputTokenCount: 20,
    });
    expect(await world.output('.jsonl.out')).toBe('no .jsonl.out');
    await world.finish();
    await world.deliver();
    expect(await progress()).toMatchObject({ status: 'COMPLETED', processedRecordCount: 10 });
  });

  it('looks less often the longer it waits, and at one look at a time', async () => {
    const world = createBatchWorld();
    await world.drop(KEY, records(5));
    const rests: number[] = [];
    for (let look = 0; look < 200; look++) {
      rests.push(Math.round(((world.queue[0]?.dueAt ?? 0) - world.clock.time) / 1_000));
      await world.deliver(1).catch(() => undefined);
      expect(world.queue).toHaveLength(1);
    }
    expect(rests[0]).toBe(1);
    expect(rests.at(-1)).toBe(60);
    expect(rests).toEqual([...rests].sort((a, b) => a - b));
  });

  it('is one, however often its file comes: the same content under the same name', async () => {
    const world = createBatchWorld();
    await world.drop(KEY, records(3));
    await world.drop(KEY, records(3));
    await world.finish();
    await world.deliver();
    await world.drop(KEY, records(3));
    await world.deliver();
    expect([...world.cloud.table.all()]).toHaveLength(3);
    expect(world.cloud.batches()).toHaveLength(1);
    expect(world.cloud.published).toHaveLength(1);
  });

  it('has an output of its own when its file is replaced while it runs', async () => {
    const world = createBatchWorld();
    await world.drop(KEY, records(3));
    await world.drop(KEY, records(4));
    await world.finish();
    await world.deliver();
    const outputs = world.cloud.bucket.keys().filter((key) => key.endsWith('.jsonl.out'));
    const lines = await Promise.all(
      outputs.map(async (key) => ((await world.text(key)) ?? '').split('\n').length - 1),
    );
    expect(lines.sort()).toEqual([3, 4]);
  });

  it('of no records is answered by an empty file', async () => {
    const world = createBatchWorld();
    await world.drop(KEY, '\n  \n');
    await world.deliver();
    expect(await world.output('.jsonl.out')).toBe('');
    expect(JSON.parse(await world.output('manifest.json.out'))).toMatchObject({ totalRecordCount: 0 });
  });

  it('fails before anything is called when a key of its output would be too long for S3', async () => {
    const world = createBatchWorld();
    await world.drop(`batches/${'n'.repeat(500)}.jsonl`, records(3));
    expect([...world.cloud.table.all()]).toEqual([]);
    expect(JSON.parse(await world.output('progress.json'))).toMatchObject({
      status: 'FAILED',
      problem:
        'the name of the file is too long: a key of its output would have 1046 bytes, and S3 takes 1024',
    });
  });

  it('fails when its file is deleted, and says so', async () => {
    const world = createBatchWorld();
    await world.drop(KEY, records(3));
    world.cloud.bucket.remove(KEY);
    await world.finish();
    await world.deliver();
    expect(world.cloud.batches()).toMatchObject([{ status: 'FAILED' }]);
    expect(world.cloud.published).toMatchObject([
      {
        subject: 'Batch team/nightly FAILED',
        message: { problem: expect.stringContaining(`${KEY} cannot be read: it was deleted while`) },
      },
    ]);
  });

  it('starts by what S3 sends, and by nothing else', async () => {
    const world = createBatchWorld();
    world.cloud.bucket.leave('batches/a b+ü.jsonl', records(1), { 'model-id': MODEL });
    expect(await world.handle(await world.eventOf('batches/a b+ü.jsonl'))).toEqual([]);
    expect(world.cloud.batches()).toMatchObject([{ key: 'batches/a b+ü.jsonl' }]);
    for (const body of ['{"Event":"s3:TestEvent"}', 'text', '[]', '{"Records":[{}]}', '{"Records":[null]}']) {
      expect(await world.handle(body)).toEqual([]);
    }
    expect(world.cloud.batches()).toHaveLength(1);
    expect(await world.handle('{"v":2,"batch_id":"a","turn":1}')).toEqual(['message']);
  });

  it('of which there is no file any more is not begun', async () => {
    const world = createBatchWorld();
    const event = await world.leave(KEY, records(2));
    world.cloud.bucket.remove(KEY);
    expect(await world.handle(event)).toEqual([]);
    expect(world.cloud.batches()).toEqual([]);
  });
});

describe('a file that is no text of lines', () => {
  it.each([
    ['compressed by gzip', gzipSync(records(50))],
    ['UTF-16', Buffer.from(`\ufeff${records(2)}`, 'utf16le')],
  ])('fails as a whole, and its progress says why: %s', async (format, file) => {
    const world = createBatchWorld();
    await world.drop(KEY, file);
    expect(world.cloud.batches()).toMatchObject([{ status: 'FAILED', records: 0 }]);
    expect(JSON.parse(await world.output('progress.json'))).toMatchObject({
      status: 'FAILED',
      problem: expect.stringContaining(format),
    });
    expect(world.cloud.published).toHaveLength(1);
  });
});

describe('a line that is no record', () => {
  const BAD: [problem: RegExp, line: string | Uint8Array, recordId: string][] = [
    [/not JSON/, '{"recordId": "x", ', 'LINE0000002'],
    [/not UTF-8/, Uint8Array.of(0x22, 0xff, 0x22), 'LINE0000002'],
    [/an object/, '[1]', 'LINE0000002'],
    [/modelInput/, '{"recordId":"x"}', 'x'],
    [/modelInput/, '{"recordId":"x","modelInput":"text"}', 'x'],
    [/recordId/, '{"recordId":7,"modelInput":{}}', '7'],
    [/recordId/, '{"recordId": 12345678901234567890, "modelInput":{}}', '12345678901234567890'],
    [/InvalidMessage/, `{"recordId":${'7'.repeat(400)},"modelInput":{}}`, 'LINE0000002'],
    [/recordId/, '{"recordId":true,"modelInput":{}}', 'LINE0000002'],
    [
      /more than 4000000 bytes beside its strings/,
      recordLine(2, { modelInput: { numbers: Array(2_000_000).fill(1) } }),
      'LINE0000002',
    ],
    [/modelOutput/, recordLine(2, { recordId: 'x', modelOutput: {} }), 'x'],
  ];

  it.each(BAD)('costs that line: %s', async (problem, line, recordId) => {
    const world = createBatchWorld();
    const bytes = typeof line === 'string' ? Buffer.from(line) : line;
    const file = Buffer.concat([
      Buffer.from(`${recordLine(1)}\n`),
      bytes,
      Buffer.from(`\r\n${recordLine(3)}`),
    ]);
    await world.drop(KEY, file);
    await world.finish();
    await world.deliver();
    const [first, bad, third] = await world.answers();
    expect([first, third]).toMatchObject([{ recordId: 'R1' }, { recordId: 'R3' }]);
    expect(bad).toEqual({
      recordId,
      modelInput: null,
      error: { errorCode: 400, errorMessage: expect.stringMatching(problem) },
    });
    expect(JSON.parse(await world.output('manifest.json.out'))).toMatchObject({
      totalRecordCount: 3,
      successRecordCount: 2,
      errorRecordCount: 1,
    });
  });

  it('or that ingestion refuses, is answered with the reason, and never called', async () => {
    const world = createBatchWorld();
    await world.drop(
      KEY,
      `${recordLine(1, { modelInput: { max_tokens: -5, messages: [] } })}\n${recordLine(2)}\n`,
    );
    await world.finish();
    await world.deliver();
    const [refused, answered] = await world.answers();
    expect(refused).toMatchObject({
      recordId: 'R1',
      modelInput: { max_tokens: -5 },
      error: { errorCode: 400, errorMessage: expect.stringContaining('max tokens') },
    });
    expect(answered).toHaveProperty('modelOutput');
  });
});

it('lines are made requests of by two megabytes at once, whatever their number', async () => {
  const sizes: number[] = [];
  const world = createBatchWorld((ports) => ({
    ...ports,
    ingest: (messages) => {
      sizes.push(messages.reduce((sum, { body }) => sum + body.length, 0));
      return ports.ingest(messages);
    },
  }));
  const line = recordLine(1, { modelInput: { max_tokens: 1, prompt: 'x'.repeat(500_000) } });
  const long = recordLine(2, { modelInput: { max_tokens: 1, prompt: 'x'.repeat(5_000_000) } });
  await world.drop(KEY, `${`${line}\n`.repeat(12)}${long}\n`);
  expect([...world.cloud.table.all()].filter(({ status }) => status === 'RECEIVED')).toHaveLength(13);
  expect(sizes.filter((size) => size > 3_000_000)).toHaveLength(1);
  expect(Math.max(...sizes)).toBeLessThan(8_000_000);
});

describe('an answer', () => {
  it('repeats the record as it was written, and has an id when the record had none', async () => {
    const world = createBatchWorld();
    const line = '  { "modelInput" : {"max_tokens":1.0e1, "seed":12345678901234567890, "messages":[]} }  ';
    await world.drop(KEY, line);
    await world.finish();
    await world.deliver();
    const text = await world.output('.jsonl.out');
    expect(text).toMatch(
      /^\{"recordId":"LINE0000001","modelInput" : \{"max_tokens":1\.0e1, "seed":12345678901234567890, "messages":\[\]\},"modelOutput":\{.*\}\}\n$/,
    );
  });

  it('that is large comes from where it is stored; one that is gone from there is an error', async () => {
    const world = createBatchWorld();
    await world.drop(KEY, records(2));
    await world.cloud.ports.payloads.put('outputs/large', '{"text":"long"}');
    const keys = ['outputs/large', 'outputs/gone'];
    await world.finish((record) => ({
      ...(answer(record) as ReturnType<typeof answer> & object),
      output: { bucket: 'calls', key: keys.shift() ?? '' },
    }));
    await world.deliver();
    expect(await world.answers()).toMatchObject([
      { modelOutput: { text: 'long' } },
      { error: { errorCode: 500, errorMessage: expect.stringMatching(/^PayloadMissing: /) } },
    ]);
    expect(JSON.parse(await world.output('manifest.json.out'))).toMatchObject({
      successRecordCount: 1,
      errorRecordCount: 1,
    });
  });

  it.each([
    ['ValidationException', 400],
    ['AccessDeniedException', 403],
    ['ModelErrorException', 424],
    ['WorkerLost', 500],
    ['constructor', 500],
  ])('to a call that failed with %s is an error of code %d', async (type, errorCode) => {
    const world = createBatchWorld();
    await world.drop(KEY, records(1));
    await world.finish(() => ({ status: 'FAILED', finishedAt: 1, error: { type, message: 'No.' } }));
    await world.deliver();
    expect(await world.answers()).toMatchObject([{ error: { errorCode, errorMessage: `${type}: No.` } }]);
  });
});

describe('the output', () => {
  it('of more than one part is put together from all of them', async () => {
    const world = createBatchWorld();
    await world.drop(KEY, records(90));
    const long = 'x'.repeat(300_000);
    await world.finish((record) => ({
      ...(answer(record) as ReturnType<typeof answer> & object),
      output: { body: { text: long, id: record.request_id } },
    }));
    await world.deliver();
    const answers = await world.answers();
    expect(answers.map(({ recordId }) => recordId)).toEqual(
      Array.from({ length: 90 }, (_, n) => `R${n + 1}`),
    );
    expect(world.cloud.batches()).toMatchObject([{ status: 'COMPLETED' }]);
  });

  it('is written again when its upload is lost', async () => {
    let lost = 0;
    const { UploadLostError } = await import('../../../src/core/batch/errors.ts');
    const world = createBatchWorld((ports) => ({
      ...ports,
      files: {
        ...ports.files,
        async completeUpload(key, upload) {
          if (lost++ === 0) throw new UploadLostError(key);
          return ports.files.completeUpload(key, upload);
        },
      },
    }));
    await world.drop(KEY, records(40));
    const long = 'x'.repeat(300_000);
    await world.finish((record) => ({
      ...(answer(record) as ReturnType<typeof answer> & object),
      output: { body: { text: long } },
    }));
    await world.deliver();
    expect(lost).toBe(2);
    expect(await world.answers()).toHaveLength(40);
    expect(JSON.parse(await world.output('manifest.json.out'))).toMatchObject({ totalRecordCount: 40 });
  });
});

describe('a batch that is cancelled', () => {
  const cancel = async (world: ReturnType<typeof createBatchWorld>) => {
    world.cloud.bucket.leave('batches/team/nightly.cancel', '');
    await world.handle(await world.eventOf('batches/team/nightly.cancel'));
  };

  it('takes its requests back, and answers with what had ended', async () => {
    const world = createBatchWorld();
    await world.drop(KEY, records(20));
    await world.finish((record) => (/-[1-3]$/.test(record.request_id) ? answer(record) : undefined));
    await cancel(world);
    await world.deliver();
    const answers = await world.answers();
    expect(answers.filter((it) => 'modelOutput' in it)).toHaveLength(3);
    expect(answers[9]).toMatchObject({
      recordId: 'R10',
      error: { errorCode: 499, errorMessage: expect.stringMatching(/^Cancelled: /) },
    });
    expect(world.cloud.batches()).toMatchObject([{ status: 'CANCELLED' }]);
    expect(world.cloud.published).toMatchObject([
      { subject: 'Batch team/nightly CANCELLED: 3 of 20 records succeeded' },
    ]);
  });

  it('before it was begun takes in nothing', async () => {
    const world = createBatchWorld();
    const event = await world.leave(KEY, records(5));
    await cancel(world);
    await world.handle(event);
    await world.deliver();
    expect([...world.cloud.table.all()]).toEqual([]);
    expect(await world.answers()).toHaveLength(5);
    expect(world.cloud.batches()).toMatchObject([{ status: 'CANCELLED' }]);
  });

  it('after its end stays as it is', async () => {
    const world = createBatchWorld();
    await world.drop(KEY, records(2));
    await world.finish();
    await world.deliver();
    await cancel(world);
    await world.deliver();
    expect(world.cloud.batches()).toMatchObject([{ status: 'COMPLETED' }]);
    expect(world.cloud.published).toHaveLength(1);
  });

  it('by a name that no file has, or never had, is nothing', async () => {
    const world = createBatchWorld();
    await cancel(world);
    expect(world.cloud.batches()).toEqual([]);
  });
});

describe('the deadline', () => {
  it('ends taking in: what was not taken in by then is an error', async () => {
    const world = createBatchWorld((ports) => ({
      ...ports,
      // Each call takes so long that only some fit before the deadline.
      ingest: async (messages) => {
        world.clock.time += 10 * 60_000;
        return ports.ingest(messages);
      },
    }));
    await world.drop(KEY, records(350), { 'model-id': MODEL, 'max-wait-seconds': '1500' });
    await world.deliver(5).catch(() => undefined);
    await world.finish();
    await world.deliver();
    const answers = await world.answers();
    expect(answers.filter((it) => 'modelOutput' in it)).toHaveLength(300);
    expect(answers[349]).toMatchObject({
      error: { errorCode: 408, errorMessage: expect.stringMatching(/^DeadlinePassed: /) },
    });
  });

  it('by an hour ends the wait for a record that is not there', async () => {
    const world = createBatchWorld();
    await world.drop(KEY, records(2), { 'model-id': MODEL, 'max-wait-seconds': '600' });
    const [batch] = world.cloud.batches();
    world.cloud.table.drop(requestIdOf(batch ?? { batch_id: '' }, 1));
    await world.finish();
    const began = world.clock.time;
    await world.deliver();
    expect(world.clock.time - began).toBeGreaterThan(3_600_000);
    expect(await world.answers()).toMatchObject([
      { error: { errorMessage: expect.stringMatching(/^OutcomeMissing: /) } },
      { modelOutput: {} },
    ]);
  });

  it('is that of its requests', async () => {
    const world = createBatchWorld();
    await world.drop(KEY, records(1), { 'model-id': MODEL, deadline: '2027-01-16T00:00:00Z', priority: '2' });
    expect([...world.cloud.table.all()]).toMatchObject([
      { deadline_at: Date.UTC(2027, 0, 16), has_deadline: true, priority: 2, results: 'record' },
    ]);
  });
});

it('what ingestion cannot handle is taken in later, and nothing twice', async () => {
  let broken = true;
  const world = createBatchWorld((ports) => ({
    ...ports,
    ingest: async (messages) => {
      const [ok, rest] = [messages.slice(0, 30), messages.slice(30)];
      const failed = await ports.ingest(broken ? ok : messages);
      return broken ? [...failed, ...rest.map(({ id }) => id)] : failed;
    },
  }));
  await world.drop(KEY, records(120));
  expect(world.cloud.batches()).toMatchObject([{ status: 'TAKING_IN', position: { line: 31 }, records: 30 }]);
  broken = false;
  await world.deliver(1).catch(() => undefined);
  expect([...world.cloud.table.all()]).toHaveLength(120);
  await world.finish();
  await world.deliver();
  expect(await world.answers()).toHaveLength(120);
  expect(batchIdOf(world.cloud.batches()[0] ?? { key: '', etag: '' })).toMatch(/^[0-9a-f]{20}$/);
});
