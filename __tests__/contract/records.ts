import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { BACKLOG_ATTRIBUTES } from '../../src/core/request/ports.ts';
import type { RequestRecord } from '../../src/core/request/record.ts';
import { claim, end, markSent, putBack } from '../../src/core/request/transitions.ts';
import { GRANT, newLane, releaseOf, requestIn, waitingIn } from '../fixtures/records.ts';
import { type Backend, skipWhereKnown } from './backend.ts';

const RELEASE = { released_at: 1_001_000 };
const STARTED_AT = 1_002_000;

export function recordsContract(backend: () => Backend): void {
  const ports = () => backend().ports;
  const created = async (record: RequestRecord) => {
    expect(await ports().records.create(record)).toBeUndefined();
    return record;
  };
  /** Applies the transition, or fails the test. */
  const moved = async (transition: Parameters<Backend['ports']['records']['move']>[0]) => {
    const move = await ports().records.move(transition);
    if (!move.applied) throw new Error(`Refused: ${JSON.stringify(move.record)}`);
    return requestIn(move.record);
  };

  describe('records', () => {
    it('gives back what was created, under a nonce of the write', async () => {
      const record = await created(
        waitingIn(newLane(), { metadata: '', source: { key: 'inbox/a', version_id: '1' } }),
      );
      const read = await ports().records.read(record.request_id);
      expect(read).toEqual({ ...record, nonce: read?.nonce });
      expect(read?.nonce).not.toBe('');
    });

    it('knows nothing of a request that was never created', async () => {
      expect(await ports().records.read(randomUUID())).toBeUndefined();
    });

    it('creates a request once: the second gets the first one’s record', async () => {
      const first = await created(waitingIn(newLane()));
      const standing = await ports().records.create({ ...first, content_hash: 'another' });
      expect(standing).toMatchObject({ request_id: first.request_id, content_hash: first.content_hash });
      expect(await ports().records.read(first.request_id)).toEqual(standing);
    });

    it('creates a request anew when its record has expired, and nothing of the old one is left', async () => {
      const record = await created(waitingIn(newLane(), { expires_at: 1, stop_reason: 'end_turn' }));
      const { expires_at: _, stop_reason: __, ...another } = record;
      await created(another);
      const read = await ports().records.read(record.request_id);
      expect(read).toEqual({ ...another, nonce: read?.nonce });
    });

    it('lets one of many concurrent creators create', async ({ skip }) => {
      skipWhereKnown(backend(), 'concurrent writes', skip);
      const record = waitingIn(newLane());
      const answers = await Promise.all(Array.from({ length: 5 }, () => ports().records.create(record)));
      expect(answers.filter((standing) => standing === undefined)).toHaveLength(1);
    });

    it('sets and removes what a transition says and leaves the rest', async () => {
      const record = await created(waitingIn(newLane()));
      const claimed = await moved(claim(releaseOf(record), RELEASE, STARTED_AT));
      const { backlog_key: _key, backlog_order: _order, ...rest } = record;
      expect(claimed).toEqual({
        ...rest,
        nonce: claimed.nonce,
        status: 'IN_PROGRESS',
        generation: 1,
        ...RELEASE,
        ...GRANT,
        started_at: STARTED_AT,
      });
      expect(await ports().records.read(record.request_id)).toEqual(claimed);
    });

    it('refuses a transition from another status or generation, and returns the record that is there', async () => {
      const record = await created(waitingIn(newLane()));
      const claimed = await moved(claim(releaseOf(record), RELEASE, STARTED_AT));
      expect(await ports().records.move(claim(releaseOf(record), RELEASE, STARTED_AT))).toEqual({
        applied: false,
        record: claimed,
      });
      const late = claim(releaseOf(claimed), RELEASE, STARTED_AT);
      expect(await ports().records.move(late)).toEqual({ applied: false, record: claimed });
      expect(await ports().records.read(record.request_id)).toEqual(claimed);
    });

    it('refuses a transition of a request that does not exist, and creates none', async () => {
      const unknown = waitingIn(newLane());
      expect(await ports().records.move(claim(releaseOf(unknown), RELEASE, STARTED_AT))).toEqual({
        applied: false,
        record: undefined,
      });
      expect(await ports().records.read(unknown.request_id)).toBeUndefined();
    });

    it('lets one of two concurrent claims call Bedrock', async ({ skip }) => {
      skipWhereKnown(backend(), 'concurrent writes', skip);
      const record = await created(waitingIn(newLane()));
      const claims = await Promise.all(
        [1, 2, 3].map((at) => ports().records.move(claim(releaseOf(record), RELEASE, at))),
      );
      const winners = claims.filter(({ applied }) => applied);
      expect(winners).toHaveLength(1);
      for (const { record: standing } of claims) expect(standing).toEqual(winners[0]?.record);
    });

    it('keeps an outcome exactly as it was committed', async () => {
      const record = await created(waitingIn(newLane()));
      const body = {
        text: '',
        numbers: [1e-7, 1e20, -0.5],
        none: null,
        nested: [{ a: [] }, {}],
      };
      const usage = { input_tokens: 1, output_tokens: 0, cache_read_tokens: 3 };
      await moved(
        end(record, { status: 'COMPLETED', finishedAt: 2, output: { body }, usage, stop_reason: '' }),
      );
      const read = await ports().records.read(record.request_id);
      expect(read).toMatchObject({ output: { body }, usage, stop_reason: '', status: 'COMPLETED' });
    });

    it('takes an undefined field as absent', async () => {
      const record = await created(waitingIn(newLane(), { task: undefined, max_tokens: 0 }));
      const ended = await moved(end(record, { status: 'FAILED', finishedAt: 2, usage: undefined }));
      expect(Object.keys(ended)).not.toContain('usage');
      expect(Object.keys(ended)).not.toContain('task');
      expect(ended.max_tokens).toBe(0);
    });

    it('is not changed through what was given or taken', async () => {
      const output = { body: { text: 'as committed' } };
      const record = await created(waitingIn(newLane()));
      await moved(end(record, { status: 'COMPLETED', finishedAt: 2, output }));
      output.body.text = 'changed';
      record.tenant = 'changed';
      const read = await ports().records.read(record.request_id);
      expect(read).toMatchObject({ tenant: 'default', output: { body: { text: 'as committed' } } });
    });
  });

  describe('backlog', () => {
    it('shows the oldest first, as many as asked for', async () => {
      const lane = newLane();
      for (const at of [30, 10, 20]) await created(waitingIn(lane, { accepted_at: at }));
      const key = waitingIn(lane).queue;
      const heads = await ports().backlog.heads(key, 10);
      expect(heads.map(({ backlog_order }) => backlog_order)).toEqual([10, 20, 30]);
      expect(await ports().backlog.heads(key, 2)).toEqual(heads.slice(0, 2));
      expect(await ports().backlog.since(key, 10, 10)).toEqual(heads.slice(1));
      expect(await ports().backlog.since(key, 5, 2)).toEqual(heads.slice(0, 2));
      expect(await ports().backlog.since(key, 30, 10)).toEqual([]);
    });

    it('tells of an entry what the index holds, no more', async () => {
      const record = await created(waitingIn(newLane(), { task: 'summary', max_tokens: 800 }));
      const held = ['request_id', 'backlog_key', 'backlog_order', ...BACKLOG_ATTRIBUTES] as const;
      const entry = Object.fromEntries(
        held.flatMap((name) => (name in record ? [[name, record[name]]] : [])),
      );
      expect(entry).toHaveProperty('task', 'summary');
      expect(await ports().backlog.heads(record.queue, 1)).toEqual([entry]);
    });

    it('holds nothing that has left, and a returned request in its old place', async () => {
      const lane = newLane();
      const [first, second] = [
        await created(waitingIn(lane, { accepted_at: 10 })),
        await created(waitingIn(lane, { accepted_at: 20 })),
      ];
      const ids = async () =>
        (await ports().backlog.heads(first.queue, 10)).map(({ request_id }) => request_id);
      const claimed = await moved(claim(releaseOf(first), RELEASE, STARTED_AT));
      expect(await ids()).toEqual([second.request_id]);
      await moved(putBack(claimed, { throttles: 1 }));
      expect(await ids()).toEqual([first.request_id, second.request_id]);
      expect(await ports().backlog.heads(first.queue, 1)).toMatchObject([{ generation: 1 }]);
    });

    it('keeps partitions apart', async () => {
      const lane = newLane();
      const urgent = await created(waitingIn(lane, { priority: 1 }));
      const other = await created(waitingIn(lane, { tenant: 'other' }));
      expect(await ports().backlog.heads(urgent.queue, 9)).toMatchObject([{ request_id: urgent.request_id }]);
      expect(await ports().backlog.heads(other.queue, 9)).toMatchObject([{ request_id: other.request_id }]);
      expect(await ports().backlog.heads(waitingIn(lane).queue, 9)).toEqual([]);
    });
  });

  describe('due', () => {
    it('merges the shards, earliest first, up to now and as many as asked for', async () => {
      const lane = newLane();
      const deadlines = [70, 20, 90, 40, 10, 60, 30, 80, 50];
      for (const deadline_at of deadlines) await created(waitingIn(lane, { deadline_at }));
      const due = await ports().due.due(lane, 50, 100);
      expect(due.map(({ due_at }) => due_at)).toEqual([10, 20, 30, 40, 50]);
      expect(await ports().due.due(lane, 50, 3)).toEqual(due.slice(0, 3));
      expect(await ports().due.due(lane, 9, 100)).toEqual([]);
    });

    it('holds an outcome without a release until its result is marked sent', async () => {
      const lane = newLane();
      const { request_id, ...seen } = await created(waitingIn(lane));
      const due = () => ports().due.due(lane, 9_999_999, 10);
      expect(await due()).toEqual([]);
      const ended = await moved(end({ request_id, ...seen }, { status: 'CANCELLED', finishedAt: 2_000_000 }));
      expect(await due()).toEqual([{ request_id, status: 'CANCELLED', generation: 0, due_at: ended.due_at }]);
      await moved(markSent(ended, 2_000_100));
      expect(await due()).toEqual([]);
    });

    it('holds no release: its bundle is leased. A deadline is due again when the request is back', async () => {
      const lane = newLane();
      const due = () => ports().due.due(lane, 9_999_999, 10);
      const record = await created(waitingIn(lane, { deadline_at: 5_000_000 }));
      expect(await due()).toHaveLength(1);
      const claimed = await moved(claim(releaseOf(record), RELEASE, STARTED_AT));
      expect(await due()).toEqual([]);
      await moved(putBack(claimed));
      expect(await due()).toMatchObject([
        { request_id: record.request_id, status: 'RECEIVED', due_at: 5_000_000 },
      ]);
    });
  });
}
