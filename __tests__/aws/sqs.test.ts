import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lambdaWaker } from '../../src/aws/lambda.ts';
import { batchesOf, bodyOf, sqsHoldQueue } from '../../src/aws/sqs.ts';
import { ReleasesNotSentError } from '../../src/core/request/errors.ts';
import type { HoldMessage } from '../../src/core/request/hold-message.ts';

const MIB = 1_048_576;

describe('batchesOf', () => {
  it('keeps order and every message, within ten messages and 1 MiB a batch', () => {
    const bodies = fc.array(
      fc.integer({ min: 1, max: MIB }).map((bytes) => 'x'.repeat(bytes)),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(bodies, (given) => {
        const batches = batchesOf(given);
        expect(batches.flat()).toEqual(given);
        for (const batch of batches) {
          expect(batch.length).toBeLessThanOrEqual(10);
          expect(Buffer.byteLength(batch.join(''))).toBeLessThanOrEqual(MIB);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('fills a batch before it begins another, counting bytes and not characters', () => {
    expect(batchesOf(Array.from({ length: 20 }, () => 'x'))).toHaveLength(2);
    const half = 'ü'.repeat(MIB / 4);
    expect(batchesOf([half, half])).toHaveLength(1);
    expect(batchesOf([half, half, 'x'])).toHaveLength(2);
  });
});

interface Entry {
  Id: string;
  MessageBody: string;
  DelaySeconds?: number;
}

describe('against a scripted endpoint', () => {
  let server: Server;
  let endpoint: string;
  let seen: { path: string; invocation: unknown; body: Record<string, unknown> }[];
  /** The answer to a request's body. */
  let answer: (body: Record<string, unknown>) => object;

  beforeEach(async () => {
    seen = [];
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = JSON.parse(Buffer.concat(chunks).toString());
      seen.push({ path: request.url ?? '', invocation: request.headers['x-amz-invocation-type'], body });
      response.setHeader('content-type', 'application/x-amz-json-1.0');
      response.end(JSON.stringify(answer(body)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const config = () => ({
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    md5: false as const,
  });
  const held = (count: number) =>
    Array.from(
      { length: count },
      (_, released_at): HoldMessage => ({ v: 1, lane: 'l', released_at, releases: [] }),
    );
  const entriesOf = (body: Record<string, unknown>) => body.Entries as Entry[];
  const releasedAt = ({ MessageBody }: Entry) => (JSON.parse(MessageBody) as HoldMessage).released_at;

  it('sends again what a batch refused, and only that', async () => {
    let calls = 0;
    answer = (body) => {
      calls++;
      const refused = calls === 1 ? entriesOf(body).filter((entry) => releasedAt(entry) % 2 === 1) : [];
      return {
        Successful: [],
        Failed: refused.map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false })),
      };
    };
    const client = new SQSClient(config());
    await sqsHoldQueue(client, `${endpoint}/1/hold`).send(held(5));
    expect(seen.map(({ body }) => entriesOf(body).map(releasedAt))).toEqual([
      [0, 1, 2, 3, 4],
      [1, 3],
    ]);
    client.destroy();
  });

  it('raises what stays refused, after all other batches were sent', async () => {
    const accepted: number[] = [];
    answer = (body) => {
      const refused = entriesOf(body).filter((entry) => releasedAt(entry) === 3);
      accepted.push(
        ...entriesOf(body)
          .map(releasedAt)
          .filter((at) => at !== 3),
      );
      return {
        Successful: [],
        Failed: refused.map(({ Id }) => ({ Id, Code: 'Throttled', SenderFault: false })),
      };
    };
    const client = new SQSClient(config());
    const sent = sqsHoldQueue(client, `${endpoint}/1/hold`).send(held(25));
    const error = await sent.catch((it: unknown) => it);
    expect(error).toBeInstanceOf(ReleasesNotSentError);
    const { unsent, cause } = error as ReleasesNotSentError;
    expect(unsent.map(({ released_at }) => released_at)).toEqual([3]);
    expect(String(cause)).toContain(`1 messages could not be sent to ${endpoint}/1/hold: Throttled`);
    expect(accepted.sort((a, b) => a - b)).toEqual(
      held(25)
        .map((it) => it.released_at)
        .filter((at) => at !== 3),
    );
    client.destroy();
  });

  it('wakes prioritization with the lanes, without waiting for it', async () => {
    answer = () => ({});
    const client = new LambdaClient(config());
    await lambdaWaker(client, 'smoother-prioritization').wake(['lane-a', 'lane-b']);
    expect(seen).toEqual([
      {
        path: expect.stringContaining('/functions/smoother-prioritization/invocations'),
        invocation: 'Event',
        body: { lanes: ['lane-a', 'lane-b'] },
      },
    ]);
    client.destroy();
  });
});

it('a body has only characters that SQS takes, and is the same JSON', () => {
  const message = { text: 'a\u0000\ud800\ufffe\uffff🙂é' };
  const body = bodyOf(message);
  expect(body).toMatch(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
  expect(JSON.parse(body)).toEqual(message);
});
