import { afterEach, expect, it, vi } from 'vitest';
import { connect } from '../../src/client/connection.ts';
import { RequestHandle } from '../../src/client/handle.ts';
import { ResultTimeoutError } from '../../src/client/index.ts';
import { Durations } from '../../src/client/pacing.ts';
import type { ClientPorts } from '../../src/client/ports.ts';
import { RecordReader } from '../../src/client/reader.ts';
import { Sender } from '../../src/client/sender.ts';
import { systemClock } from '../../src/core/clock.ts';

afterEach(() => vi.useRealTimers());

/** Nothing is ever read: the answer does not come. */
function handleWithoutReads(): RequestHandle {
  const never = () => new Promise<never>(() => undefined);
  const ports: ClientPorts = {
    read: never,
    output: never,
    ahead: never,
    sendBatch: never,
    leave: never,
    clock: systemClock,
  };
  const reader = new RecordReader(ports);
  return new RequestHandle('r', { ports, reader, sender: new Sender(ports), durations: new Durations() });
}

it.each([0, 60_000])('a wait of %d ms ends, although a read hangs', async (timeoutMs) => {
  vi.useFakeTimers();
  const waiting = handleWithoutReads().outcome({ timeoutMs });
  const ended = waiting.catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(Math.max(timeoutMs, 10_000));
  expect(await Promise.race([ended, 'still waiting'])).toBeInstanceOf(ResultTimeoutError);
});

it('a wait without an end, or with one in a month, goes on', async () => {
  vi.useFakeTimers();
  const month = 31 * 24 * 3_600_000;
  const waits = [{}, { timeoutMs: month }, { timeoutMs: Number.POSITIVE_INFINITY }];
  for (const options of waits) {
    const waiting = handleWithoutReads().outcome(options);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(await Promise.race([waiting, 'still waiting'])).toBe('still waiting');
  }
});

it('a connection that has died is given up', async () => {
  const outputs = { input_queue_url: 'q', requests_table_name: 't', bedrock_calls_bucket_name: 'b' };
  const { sqs, dynamo, s3 } = connect({ outputs, region: 'us-east-1' });
  for (const { config } of [sqs, dynamo, s3]) {
    const { configProvider } = config.requestHandler as unknown as { configProvider: Promise<object> };
    expect(await configProvider).toMatchObject({ connectionTimeout: 10_000, socketTimeout: 30_000 });
  }
});
