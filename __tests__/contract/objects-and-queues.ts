import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { PayloadMissingError } from '../../src/core/request/errors.ts';
import type { HoldMessage } from '../../src/core/request/hold-message.ts';
import { payloadKey } from '../../src/core/request/keys.ts';
import type { ResultMessage } from '../../src/core/request/result.ts';
import { newLane } from '../fixtures/records.ts';
import { type Backend, skipWhereKnown } from './backend.ts';

export function objectsContract(backend: () => Backend): void {
  const ports = () => backend().ports;

  describe.each([
    ['small payloads', 10],
    ['large payloads', 20_000],
  ])('%s', (_, bytes) => {
    const newKey = () => payloadKey(randomUUID(), randomUUID(), bytes);

    it('gives back what was put, text or bytes, also when it was put twice', async () => {
      const long = JSON.stringify({ text: 'früh '.repeat(400) });
      for (const content of ['{"text":"früh"}', long, Uint8Array.of(0, 255, 128)]) {
        const key = newKey();
        await ports().payloads.put(key, content);
        await ports().payloads.put(key, content);
        expect([...(await ports().payloads.get(key))]).toEqual([...Buffer.from(content)]);
      }
    });

    it('names the key of a payload that is missing', async () => {
      const key = newKey();
      await expect(ports().payloads.get(key)).rejects.toThrow(new PayloadMissingError(key));
    });
  });

  describe('inbox', () => {
    it('reads what a producer left, and knows when there is nothing', async () => {
      const key = `inbox/${randomUUID()}`;
      expect(await ports().inbox.read(key)).toBeUndefined();
      await backend().leave(key, 'a large message');
      const read = await ports().inbox.read(key);
      expect(Buffer.from(read?.body ?? []).toString()).toBe('a large message');
    });

    it('reads the version that a message is pinned to', async ({ skip }) => {
      skipWhereKnown(backend(), 'object versions', skip);
      const key = `inbox/${randomUUID()}`;
      const { version_id } = await backend().leave(key, 'first');
      await backend().leave(key, 'second');
      const pinned = await ports().inbox.read(key, version_id);
      expect(Buffer.from(pinned?.body ?? []).toString()).toBe('first');
      expect(pinned?.version_id).toBe(version_id);
      const newest = await ports().inbox.read(key);
      expect(Buffer.from(newest?.body ?? []).toString()).toBe('second');
      expect(newest?.version_id).not.toBe(version_id);
    });
  });
}

export function queuesContract(backend: () => Backend): void {
  const ports = () => backend().ports;

  it('sends a result as it was committed', async () => {
    await backend().takeResults();
    const result: ResultMessage = {
      v: 1,
      request_id: randomUUID(),
      status: 'COMPLETED',
      output: { body: { text: 'ü', empty: '', none: null } },
      timings: { accepted: 1, finished: 2 },
      attempts: 1,
      error: undefined,
    };
    await ports().results.send(result);
    expect(await backend().takeResults()).toEqual([JSON.parse(JSON.stringify(result))]);
  });

  it.each([1, 10, 23])('sends %i bundles to the Hold queue, each once', async (count) => {
    await backend().takeHeld();
    const lane = newLane();
    const messages = Array.from(
      { length: count },
      (_, bundle): HoldMessage => ({
        v: 1,
        lane,
        released_at: bundle,
        releases: [{ request_id: randomUUID(), generation: 1 }],
      }),
    );
    await ports().hold.send(messages);
    const held = await backend().takeHeld();
    expect(held.sort((a, b) => a.released_at - b.released_at)).toEqual(messages);
  });

  it('sends nothing when nothing is released', async () => {
    await ports().hold.send([]);
    expect(await backend().takeHeld()).toEqual([]);
  });
}
