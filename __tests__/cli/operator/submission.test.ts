import { describe, expect, it } from 'vitest';
import {
  estimate,
  estimateTable,
  type LaneEstimate,
  readLines,
  sendLines,
} from '../../../src/cli/operator/submission.ts';
import type { OutgoingMessage, RequestHandle, Smoother } from '../../../src/client/index.ts';

const MODEL = 'us.amazon.nova-lite-v1:0';
const asking = (content: string, more: object = {}) =>
  JSON.stringify({ model_id: MODEL, messages: [{ role: 'user', content }], ...more });

async function* texts(...lines: string[]) {
  yield* lines;
}

async function linesOf(...lines: string[]) {
  const read = [];
  for await (const line of readLines(texts(...lines))) read.push(line);
  return read;
}

function messagesOf(lines: Awaited<ReturnType<typeof linesOf>>): OutgoingMessage[] {
  return lines.flatMap((line) => ('message' in line ? [line.message] : []));
}

/** A smoother that remembers what it was sent. */
function remembering() {
  const sent = new Map<string, string | undefined>();
  const handle = (requestId: string) => ({ requestId }) as RequestHandle;
  const smoother: Pick<Smoother, 'known' | 'send' | 'handle'> = {
    async known(ids) {
      return new Map(ids.flatMap((id) => (sent.has(id) ? [[id, sent.get(id) ?? '']] : [])));
    },
    async send({ requestId, contentHash }) {
      sent.set(requestId, contentHash);
      return handle(requestId);
    },
    handle,
  };
  return { sent, smoother: smoother as Smoother };
}

describe('the lines of a file', () => {
  it('are counted as an editor counts them, and each that is no request says why', async () => {
    const lines = await linesOf(`\uFEFF${asking('a')}`, '', 'not json', '{"cancel":"a-1"}');
    expect(lines.map(({ number }) => number)).toEqual([1, 3, 4]);
    expect(lines[1]).toMatchObject({ problem: expect.stringContaining('must be JSON') });
    expect(lines[2]).toMatchObject({ problem: expect.stringContaining('expected a request') });
  });

  it('without an id get one of their content, and are answered in their record', async () => {
    const [one, same, other] = messagesOf(await linesOf(asking('a'), asking('a'), asking('b')));
    expect(one?.requestId).toMatch(/^line-[0-9a-f]{32}$/);
    expect(same?.requestId).toBe(one?.requestId);
    expect(other?.requestId).not.toBe(one?.requestId);
    expect(JSON.parse(one?.body ?? '')).toMatchObject({ request_id: one?.requestId, results: 'record' });
  });

  it('keep what they say themselves, byte for byte', async () => {
    const text = asking('a', { request_id: 'a-1', results: 'nightly' });
    const [message] = messagesOf(await linesOf(text));
    expect(message).toMatchObject({ requestId: 'a-1', body: text });
  });
});

describe('the estimate', () => {
  const limited = (maxTokens: number, model_id = MODEL) => {
    const messages = [{ role: 'user', content: [{ text: 'a' }] }];
    return JSON.stringify({ model_id, converse: { messages, inferenceConfig: { maxTokens } } });
  };
  const estimated = async (...lines: string[]) => {
    const lanes = new Map<string, LaneEstimate>();
    for (const line of await linesOf(...lines)) if ('request' in line) estimate(lanes, line.request);
    return lanes;
  };

  it('adds up the requests of a lane', async () => {
    const lanes = await estimated(limited(100), limited(50));
    const [[, sum] = []] = lanes;
    expect(lanes.size).toBe(1);
    expect(sum).toMatchObject({ requests: 2, maxTokens: 150, open: 0 });
    expect(sum?.inputTokens).toBeGreaterThan(0);
    expect(sum?.costUsd).toBeGreaterThan(0);
    expect(sum?.minutes).toBeGreaterThan(0);
  });

  it('names no price and no time for a lane in which a request sets no max tokens, wherever in the file it is', async () => {
    const other = 'us.amazon.nova-pro-v1:0';
    for (const lines of [
      [asking('a'), limited(100), limited(50)],
      [limited(100), limited(50), asking('a')],
    ]) {
      const [, lane = '', otherLane = '', , unset] = estimateTable(
        await estimated(...lines, limited(10, other)),
      ).split('\n');
      expect(lane).toMatch(/ 150 \+ 1 unset +unknown +unknown$/);
      expect(otherLane).toMatch(/ 10 +\$\d\.\d{4} +\d\.\d$/);
      expect(unset).toMatch(/^unset: 1 request without max tokens/);
    }
  });

  it('says nothing of unset max tokens where all are set', async () => {
    expect(estimateTable(await estimated(limited(100)))).not.toContain('unset');
  });
});

describe('a file that is sent again', () => {
  it('sends what is new, and names what is there already', async () => {
    const { sent, smoother } = remembering();
    const { signal } = new AbortController();
    const invalid: number[] = [];
    const send = (...lines: string[]) =>
      sendLines(smoother, readLines(texts(...lines)), ({ number }) => invalid.push(number), signal);
    const first = await send(asking('a', { request_id: 'a' }), asking('b', { request_id: 'b' }));
    expect([first.handles.length, first.skipped, sent.size]).toEqual([2, [], 2]);
    const again = await send(asking('a', { request_id: 'a' }), 'not json', asking('c', { request_id: 'c' }));
    expect(again.handles.map(({ requestId }) => requestId)).toEqual(['a', 'c']);
    expect(again).toMatchObject({ skipped: ['a'], invalid: 1 });
    expect(invalid).toEqual([2]);
    expect(sent.size).toBe(3);
  });

  it('sends another content under the same id, so that the refusal says so', async () => {
    const { smoother } = remembering();
    const { signal } = new AbortController();
    const send = (text: string) => sendLines(smoother, readLines(texts(text)), () => undefined, signal);
    await send(asking('a', { request_id: 'a' }));
    expect(await send(asking('another', { request_id: 'a' }))).toMatchObject({ skipped: [] });
  });
});
