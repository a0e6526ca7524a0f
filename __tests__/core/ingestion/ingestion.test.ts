import { describe, expect, it } from 'vitest';
import { laneOf } from '../../../src/core/lane/catalog/catalog.ts';
import { InboxObjectEncryptedError } from '../../../src/core/request/errors.ts';
import { parseBacklogKey } from '../../../src/core/request/keys.ts';
import { RECORD_RETENTION_MS } from '../../../src/core/request/times.ts';
import { createWorld, LANE, MODEL, messageOf, requestBody } from '../../fixtures/ingestion-world.ts';

describe('an accepted message', () => {
  it('becomes one waiting record with its payload, its queue announced and its lane registered', async () => {
    const world = createWorld();
    const body = requestBody({
      request_id: 'r1',
      priority: 2,
      tenant: 't',
      max_wait_seconds: 60,
      metadata: { a: 1 },
    });
    expect(await world.ingest(messageOf(body))).toEqual([]);

    const [record, ...others] = world.requests();
    expect(others).toEqual([]);
    const queue = `${LANE}|2|t|0`;
    expect(record).toMatchObject({
      request_id: 'r1',
      status: 'RECEIVED',
      generation: 0,
      lane: LANE,
      model_id: MODEL,
      operation: 'converse',
      accepted_at: world.clock.time,
      deadline_at: world.clock.time + 60_000,
      has_deadline: true,
      queue,
      backlog_key: queue,
      arrival: 1_799_999_999_000,
      backlog_order: 1_799_999_999_000,
      due_at: world.clock.time + 60_000,
      metadata: '{"a":1}',
      attempts: 0,
      failures: 0,
      throttles: 0,
    });
    const payload = await world.cloud.ports.payloads.get(record?.payload_key ?? '');
    expect(JSON.parse(new TextDecoder().decode(payload))).toEqual({
      v: 1,
      operation: 'converse',
      converse: body.converse,
    });
    expect(await world.cloud.ports.directory.list(LANE)).toMatchObject([{ backlog_key: queue }]);
    expect(await world.cloud.ports.registry.list()).toEqual([
      { lane: LANE, model_id: MODEL, registered_at: world.clock.time },
    ]);
    expect(world.cloud.sent).toEqual([]);
    expect(world.logged).toMatchObject([
      { event: 'request.received', fields: { request_id: 'r1', lane: LANE } },
    ]);
  });

  it('without an id and a wait takes the SQS id and the longest wait', async () => {
    const world = createWorld();
    await world.ingest(messageOf(requestBody()));
    const [record] = world.requests();
    expect(record).toMatchObject({ request_id: 'm1', has_deadline: false });
    expect(record?.deadline_at).toBe(world.clock.time + 6 * 86_400_000);
    expect(record).not.toHaveProperty('due_key');
  });

  it.each([
    ['amazon.nova-canvas-v1:0', { imageGenerationConfig: { numberOfImages: 5 } }, 5],
    ['amazon.titan-image-generator-v2:0', { imageGenerationConfig: { numberOfImages: 1e300 } }, 10],
    ['arn:aws:bedrock:us-east-1:123456789012:provisioned-model/a1', {}, 1],
    ['stability.sd3-5-large-v1:0', { prompt: 'A cat' }, 1],
    ['amazon.titan-embed-image-v1', { embeddingConfig: {} }, 0],
  ])('counts the images that a worker will hold of %s: %j', async (model_id, body, images) => {
    const world = createWorld();
    const modelInput = { taskType: 'TEXT_IMAGE', ...body };
    await world.ingest(messageOf({ model_id, modelInput }));
    const bytes = world.requests()[0]?.input_bytes ?? -1;
    expect(Math.floor(bytes / 2_500_000)).toBe(images);
  });

  it('is not logged with its content', async () => {
    const world = createWorld();
    await world.ingest(messageOf(requestBody({ metadata: 'my metadata' }, 'my prompt')));
    expect(JSON.stringify(world.logged)).not.toMatch(/my prompt|my metadata/);
  });
});

describe('the same request_id', () => {
  it('with the same content is one request', async () => {
    const world = createWorld();
    await world.ingest(messageOf(requestBody({ request_id: 'r1' }), { id: 'm1' }));
    await world.ingest(messageOf(requestBody({ request_id: 'r1', priority: 3 }), { id: 'm2' }));
    expect(world.records()).toHaveLength(1);
    expect(world.cloud.sent).toEqual([]);
    expect(world.logged.map(({ event }) => event)).toEqual(['request.received', 'request.duplicate']);
  });

  it('may come again under its id when its record has expired and is not deleted yet', async () => {
    const world = createWorld();
    const body = requestBody({ request_id: 'r1' });
    await world.ingest(messageOf(body, { id: 'm1' }));
    await world.ingest(messageOf({ cancel: 'r1' }, { id: 'm2' }));
    world.clock.time += RECORD_RETENTION_MS + 1_000;
    await world.ingest(messageOf(body, { id: 'm3' }));
    expect(world.requests()).toMatchObject([{ status: 'RECEIVED', generation: 0 }]);
    expect(world.requests()[0]?.result_sent).toBeUndefined();
  });

  it('with other content is rejected under the SQS id, and the first request stays as it is', async () => {
    const world = createWorld();
    await world.ingest(messageOf(requestBody({ request_id: 'r1' }), { id: 'm1' }));
    await world.ingest(messageOf(requestBody({ request_id: 'r1', metadata: 7 }, 'other'), { id: 'm2' }));
    expect(world.cloud.sent).toMatchObject([
      { request_id: 'm2', status: 'REJECTED', error: { type: 'RequestIdConflict' }, metadata: 7 },
    ]);
    expect(world.cloud.sent[0]?.error?.message).toMatch(
      /^request_id: r1 belongs to a request with other content, accepted at /,
    );
    expect(await world.cloud.ports.records.read('r1')).toMatchObject({ status: 'RECEIVED' });
  });

  it('in a message that is not valid is rejected under the SQS id as well, before and after the outcome', async () => {
    const world = createWorld();
    const invalid = requestBody({ request_id: 'r1', priority: 9 });
    await world.ingest(messageOf(requestBody({ request_id: 'r1' })));
    await world.ingest(messageOf(invalid, { id: 'm2' }));
    await world.ingest(messageOf({ cancel: 'r1' }, { id: 'm3' }));
    await world.ingest(messageOf(invalid, { id: 'm4' }));
    expect(world.cloud.sent.map(({ request_id, status }) => [request_id, status])).toEqual([
      ['m2', 'REJECTED'],
      ['r1', 'CANCELLED'],
      ['m4', 'REJECTED'],
    ]);
  });

  it('in one batch, both ways', async () => {
    const world = createWorld();
    const failed = await world.ingest(
      messageOf(requestBody({ request_id: 'r1' }), { id: 'm1' }),
      messageOf(requestBody({ request_id: 'r1' }), { id: 'm2' }),
      messageOf(requestBody({ request_id: 'r1' }, 'other'), { id: 'm3' }),
    );
    expect(failed).toEqual([]);
    expect(world.cloud.sent.map(({ request_id }) => request_id)).toEqual(['m3']);
  });
});

describe('a rejection', () => {
  it.each([
    ['not json', { request_id: 'm1' }, 'InvalidMessage', /^message: must be JSON/],
    [
      requestBody({ request_id: 'r1', metadata: { a: 1 }, priority: 9 }),
      { request_id: 'r1', model_id: MODEL, metadata: { a: 1 } },
      'InvalidMessage',
      /^priority: must be/,
    ],
  ])('says why, under the best id there is: %#', async (body, echoed, type, reason) => {
    const world = createWorld();
    expect(await world.ingest(messageOf(body))).toEqual([]);
    expect(world.cloud.sent).toMatchObject([
      { v: 1, status: 'REJECTED', attempts: 0, error: { type }, ...echoed },
    ]);
    expect(world.cloud.sent[0]?.error?.message).toMatch(reason);
    expect(world.records()).toMatchObject([{ request_id: 'rejected/m1', result_sent: true }]);
    expect(world.records()[0]).not.toHaveProperty('due_key');
  });

  it('whose result was sent is not sent again; one whose result was not is sent as it was', async () => {
    const world = createWorld();
    await world.ingest(messageOf('not json'));
    await world.ingest(messageOf('not json', { receiveCount: 2 }));
    await world.container().ingest([messageOf('not json')]);
    expect(world.cloud.sent).toHaveLength(1);
  });

  it('keeps its answer when a later delivery would be judged otherwise', async () => {
    const world = createWorld();
    const pointer = messageOf({ s3: { bucket: 'calls', key: 'inbox/a' } });
    await world.ingest(pointer);
    world.cloud.bucket.leave('inbox/a', JSON.stringify(requestBody()));
    await world.ingest({ ...pointer, receiveCount: 2 });
    expect(world.cloud.sent).toMatchObject([{ status: 'REJECTED' }]);
    expect(world.records()).toHaveLength(1);
  });

  it('comes at once when the request can never run, and says what would fit', async () => {
    const world = createWorld();
    world.cloud.lanes.set(LANE, { token: 1, limits: { tokens_per_minute: 1_000 } });
    const converse = { ...requestBody().converse, inferenceConfig: { maxTokens: 1_000 } };
    await world.ingest(messageOf({ model_id: MODEL, converse }));
    expect(world.cloud.sent).toMatchObject([{ status: 'REJECTED', error: { type: 'ExceedsQuota' } }]);
    const room = Number(/at most (\d+) would fit/.exec(world.cloud.sent[0]?.error?.message ?? '')?.[1]);
    await world.ingest(
      messageOf(
        { model_id: MODEL, converse: { ...converse, inferenceConfig: { maxTokens: room } } },
        { id: 'm2' },
      ),
    );
    expect(await world.cloud.ports.records.read('m2')).toMatchObject({ status: 'RECEIVED' });
  });

  it('does not meet a request that was accepted before the quota shrank', async () => {
    const world = createWorld();
    const message = messageOf(requestBody());
    await world.ingest(message);
    world.cloud.lanes.set(LANE, { token: 1, limits: { tokens_per_minute: 2 } });
    await world.container().ingest([{ ...message, receiveCount: 2 }]);
    expect(world.cloud.sent).toEqual([]);
    expect(world.records()).toMatchObject([{ request_id: 'm1', status: 'RECEIVED' }]);
  });
});

describe('a pointer', () => {
  it('is read in the version that it found', async () => {
    const world = createWorld();
    const version_id = world.cloud.bucket.leave('inbox/a', JSON.stringify(requestBody({ request_id: 'r1' })));
    world.cloud.bucket.leave('inbox/b', JSON.stringify(requestBody({ request_id: 'old' })));
    await world.ingest(messageOf({ s3: { bucket: 'calls', key: 'inbox/a' } }));
    expect(await world.cloud.ports.records.read('r1')).toMatchObject({
      source: { key: 'inbox/a', version_id },
    });
  });

  it('reads the version it names', async () => {
    const world = createWorld();
    const version_id = world.cloud.bucket.leave(
      'inbox/a',
      JSON.stringify(requestBody({ request_id: 'first' })),
    );
    world.cloud.bucket.leave('inbox/a', JSON.stringify(requestBody({ request_id: 'second' })));
    await world.ingest(messageOf({ s3: { bucket: 'calls', key: 'inbox/a', version_id } }));
    expect(world.records().map(({ request_id }) => request_id)).toEqual(['first']);
  });

  it('redelivered after its object was replaced is still one request', async () => {
    const world = createWorld();
    const pointer = messageOf({ s3: { bucket: 'calls', key: 'inbox/a' } });
    world.cloud.bucket.leave('inbox/a', JSON.stringify(requestBody()));
    await world.ingest(pointer);
    world.cloud.bucket.leave('inbox/a', JSON.stringify(requestBody({}, 'other')));
    await world.ingest({ ...pointer, receiveCount: 2 });
    expect(world.records()).toHaveLength(1);
    expect(world.cloud.sent).toEqual([]);
  });

  it.each([
    [{ bucket: 'other', key: 'inbox/a' }, /^s3\.bucket: must be the calls bucket \(calls\), got other/],
    [{ bucket: 'calls', key: 'payloads/a' }, /^s3\.key: must be a key below inbox\//],
    [{ bucket: 'calls', key: 'inbox/none' }, /^s3\.key: must be an object that exists/],
    [
      { bucket: 'calls', key: 'inbox/pointer' },
      /^s3: the object that a pointer names must hold the message itself/,
    ],
    [{ bucket: 'calls', key: 'inbox/bytes' }, /^s3\.key: must be an object of UTF-8 text/],
    [{ bucket: 'calls', key: 'inbox/large' }, /^s3\.key: must be an object of at most 26000000 bytes/],
    [
      { bucket: 'calls', key: 'inbox/pieces' },
      /^s3\.key: must be an object with at most 8000000 bytes beside its strings of more than 1 KB/,
    ],
  ])('%o is refused', async (s3, reason) => {
    const world = createWorld();
    world.cloud.bucket.leave('payloads/a', JSON.stringify(requestBody()));
    world.cloud.bucket.leave('inbox/pointer', JSON.stringify({ s3: { bucket: 'calls', key: 'inbox/a' } }));
    world.cloud.bucket.leave('inbox/bytes', new Uint8Array([0xff, 0xfe]));
    if (s3.key === 'inbox/large') world.cloud.bucket.leave('inbox/large', new Uint8Array(26_000_001));
    if (s3.key === 'inbox/pieces') {
      const modelInput = { inputText: 'x'.repeat(8_000_000), numbers: Array(4_000_000).fill(1) };
      world.cloud.bucket.leave('inbox/pieces', JSON.stringify({ model_id: MODEL, modelInput }));
    }
    await world.ingest(messageOf({ s3 }));
    expect(world.cloud.sent[0]?.error?.message).toMatch(reason);
    expect(world.records()).toHaveLength(1);
  });

  it('to a long text is taken', async () => {
    const world = createWorld();
    world.cloud.bucket.leave('inbox/long', JSON.stringify(requestBody({}, 'x'.repeat(9_000_000))));
    await world.ingest(messageOf({ s3: { bucket: 'calls', key: 'inbox/long' } }));
    expect(world.requests()).toHaveLength(1);
  });

  it('to an object that KMS does not decrypt is refused with what would help', async () => {
    const world = createWorld((ports) => ({
      ...ports,
      inbox: { read: (key) => Promise.reject(new InboxObjectEncryptedError(key)) },
    }));
    await world.ingest(messageOf({ s3: { bucket: 'calls', key: 'inbox/a' } }));
    expect(world.cloud.sent[0]?.error?.message).toMatch(
      /^s3\.key: must be an object that ingestion can decrypt .*KMS/,
    );
  });
});

describe('a flood', () => {
  it('spreads one queue over shards; a trickle stays in one', async () => {
    const world = createWorld();
    const shards = () => new Set(world.requests().map(({ queue }) => parseBacklogKey(queue).shard));
    for (let n = 0; n < 10; n += 1) {
      await world.ingest(messageOf(requestBody(), { id: `slow${n}` }));
      world.clock.time += 1_000;
    }
    expect(shards()).toEqual(new Set([0]));
    const flood = Array.from({ length: 100 }, (_, n) => messageOf(requestBody(), { id: `fast${n}` }));
    await world.ingest(...flood);
    expect(shards().size).toBeGreaterThan(10);
    expect(Math.max(...shards())).toBeLessThan(64);
  });

  it('announces a queue for its first request, and from then on at most once a second', async () => {
    let announcements = 0;
    const world = createWorld((ports) => ({
      ...ports,
      directory: {
        ...ports.directory,
        announce: async (key, now) => {
          announcements += 1;
          await ports.directory.announce(key, now);
        },
      },
    }));
    await world.ingest(messageOf(requestBody(), { id: 'a' }), messageOf(requestBody(), { id: 'b' }));
    await world.ingest(messageOf(requestBody(), { id: 'c' }));
    expect(announcements).toBe(2);
    world.clock.time += 1_000;
    await world.ingest(messageOf(requestBody(), { id: 'd' }));
    expect(announcements).toBe(3);
  });
});

describe('waking', () => {
  it.each([
    ['without a leader yet', undefined, true],
    ['asleep', { lease_until: 60_000, asleep: true }, true],
    ['left by its leader', { lease_until: -1 }, true],
    ['awake', { lease_until: 60_000 }, false],
  ])('a lane %s: %#', async (_, state, woken) => {
    const world = createWorld();
    if (state)
      world.cloud.lanes.set(LANE, { token: 1, ...state, lease_until: world.clock.time + state.lease_until });
    await world.ingest(messageOf(requestBody(), { id: 'a' }), messageOf(requestBody(), { id: 'b' }));
    expect(world.cloud.woken).toEqual(woken ? [[LANE]] : []);
  });

  const NOVA = 'amazon.nova-pro-v1:0';

  it('needs one leader for all lanes of a batch', async () => {
    const world = createWorld();
    await world.ingest(
      messageOf(requestBody(), { id: 'a' }),
      messageOf(requestBody({ model_id: NOVA }), { id: 'b' }),
      messageOf(requestBody(), { id: 'c' }),
    );
    expect(world.cloud.woken).toEqual([[LANE, laneOf(NOVA)]]);
  });

  it('of a lane that cannot be looked at leaves the others awake', async () => {
    const world = createWorld((ports) => ({
      ...ports,
      watch: {
        ...ports.watch,
        status: (lane) => (lane === LANE ? Promise.reject(new Error('throttled')) : ports.watch.status(lane)),
      },
    }));
    const failed = await world.ingest(
      messageOf(requestBody(), { id: 'a' }),
      messageOf(requestBody({ model_id: NOVA }), { id: 'b' }),
    );
    expect(failed).toEqual(['a']);
    expect(world.cloud.woken).toEqual([[laneOf(NOVA)]]);
  });
});
