/** Batch files, from the message of S3 to the notification at the end. */
import { batchIdOf, requestIdOf } from '../../core/batch/batch.ts';
import { etagOf } from '../../memory/objects.ts';
import { LANE, MODEL } from './functions.ts';
import type { Expectation } from './invariants.ts';
import type { Pipeline } from './pipeline.ts';
import { expecting, RUN_MS, SCHEDULE_MS, type Scenario, WIDE } from './scenario.ts';

export const BATCH_KEY = 'batches/nightly.jsonl';
const CANCEL_KEY = 'batches/nightly.cancel';
export const METADATA = { 'model-id': MODEL, 'model-invocation-type': 'Converse' };
/** SQS delivers a message of the batch function again after six times its timeout. */
const REDELIVERY_MS = 720_000;
const HOUR_MS = 3_600_000;
/** All requests have been answered by then. */
const ANSWERED_MS = 30_000;

function line(id: string): string {
  const modelInput = {
    messages: [{ role: 'user', content: [{ text: id }] }],
    inferenceConfig: { maxTokens: 100 },
  };
  return JSON.stringify({ recordId: id, modelInput });
}

/** Enough for several steps: five requests, a line that is no record, a record that ingestion refuses, and a blank line. */
const IDS = ['r1', 'r2', 'r3', 'r4', 'r5'];
const FILE = [
  ...['r1', 'r2'].map(line),
  'not JSON',
  line('r3'),
  '',
  '{"recordId":"refused","modelInput":{"messages":[]}}',
  ...['r4', 'r5'].map(line),
].join('\n');
/** Their numbers in the file. */
const LINES = [1, 2, 4, 7, 8];
const REFUSED_LINE = 6;
const ERRORS = 2;

const BATCH = { batch_id: batchIdOf({ key: BATCH_KEY, etag: etagOf(FILE) }) };

function expected(status: 'COMPLETED' | 'CANCELLED'): Expectation {
  const requests = LINES.map((number) => requestIdOf(BATCH, number));
  const isAnswered = status === 'COMPLETED';
  return {
    ...expecting([], {
      outcomes: {
        ...Object.fromEntries(requests.map((id) => [id, [status]])),
        [requestIdOf(BATCH, REFUSED_LINE)]: ['REJECTED'],
      },
      calls: Object.fromEntries(IDS.map((id) => [id, isAnswered ? 1 : 0])),
      withinMs: REDELIVERY_MS + SCHEDULE_MS + RUN_MS,
    }),
    batch: isAnswered
      ? { status, success: IDS.length, error: ERRORS }
      : { status, success: 0, error: IDS.length + ERRORS },
  };
}

/** Leaves an object and returns what S3 says about it. */
export async function leave(pipeline: Pipeline, key: string, content = '', metadata = {}): Promise<string> {
  pipeline.cloud.bucket.leave(key, content, metadata);
  const described = await pipeline.cloud.batchPorts.files.describe(key);
  if (described === undefined) throw new Error(`There is nothing at ${key}`);
  const { etag: eTag, bytes: size, version_id: versionId } = described.file;
  return JSON.stringify({ Records: [{ s3: { object: { key, eTag, size, versionId } } }] });
}

const leaveFile = (pipeline: Pipeline) => leave(pipeline, BATCH_KEY, FILE, METADATA);

/** Another container has handled the message before. */
async function handled(pipeline: Pipeline, body: string): Promise<void> {
  const elsewhere = pipeline.functions.batch(pipeline.functions.instance('batch'));
  await elsewhere.handle([{ id: 'earlier', body }]);
}

/** The batch stands still until its requests have been answered. */
async function answered(pipeline: Pipeline): Promise<void> {
  pipeline.bedrock.script('r2', ['large']);
  await handled(pipeline, await leaveFile(pipeline));
  pipeline.batches.stop();
  pipeline.clock.at(pipeline.clock.now() + ANSWERED_MS, () => pipeline.batches.start());
}

function scenario(name: string, fields: Pick<Scenario, 'prepare'> & Partial<Scenario>): Scenario {
  return { function: 'batch', name, invocation: 0, limits: WIDE, expected: expected('COMPLETED'), ...fields };
}

const CANCELLED: Pick<Scenario, 'prepare' | 'expected'> = {
  expected: expected('CANCELLED'),
  async prepare(pipeline) {
    // Nothing is released, and no leader ticks while the message is waited for.
    const now = pipeline.clock.now();
    await pipeline.ports.leadership.acquire(LANE, 'an idle leader', now, now + HOUR_MS);
    await handled(pipeline, await leaveFile(pipeline));
    pipeline.batches.send(await leave(pipeline, CANCEL_KEY));
  },
};

export const BATCH_SCENARIOS: readonly Scenario[] = [
  scenario('a file is taken in', {
    async prepare(pipeline) {
      pipeline.batches.send(await leaveFile(pipeline));
    },
  }),
  scenario('the answers are written', { prepare: answered }),
  scenario('a file comes again while its batch runs', {
    async prepare(pipeline) {
      await answered(pipeline);
      pipeline.batches.send(await leaveFile(pipeline));
    },
  }),
  scenario('a cancellation', CANCELLED),
  scenario('a batch is cancelled', { ...CANCELLED, invocation: 1 }),
  scenario('options that cannot be used', {
    expected: { ...expecting([]), batch: { status: 'FAILED', success: 0, error: 0 } },
    async prepare(pipeline) {
      pipeline.batches.send(await leave(pipeline, BATCH_KEY, FILE, { ...METADATA, priority: '9' }));
    },
  }),
];
