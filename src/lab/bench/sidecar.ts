/** How many calls one sidecar holds open: the whole library and its server, with nothing but AWS in memory. */
import { Agent, request } from 'node:http';
import { type HandleContext, RequestHandle } from '../../client/handle.ts';
import { BedrockCalls } from '../../client/http/calls.ts';
import { Durations } from '../../client/pacing.ts';
import type { ClientPorts } from '../../client/ports.ts';
import { startProxy } from '../../client/proxy.ts';
import { RecordReader } from '../../client/reader.ts';
import { messageOf } from '../../client/requests.ts';
import { Sender } from '../../client/sender.ts';
import { systemClock } from '../../core/clock.ts';
import type { RequestRecord } from '../../core/request/record.ts';

export interface SidecarFigures {
  calls: number;
  /** Milliseconds until all were open. */
  openedMs: number;
  /** Milliseconds from the moment at which all results were there until the last call was answered. */
  answeredMs: number;
  /** Of the process with its callers, more than before the calls. */
  megabytes: number;
  /** Batches of reads, of up to a hundred records each. */
  reads: number;
}

const CALL = JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'Hello' }] }] });
const ANSWER = {
  output: { message: { role: 'assistant', content: [{ text: 'Hello' }] } },
  stopReason: 'end_turn',
};
const PATH = '/model/any.model/converse';
const LOOK_EVERY_MS = 20;
/** Callers that connect at once. */
const WAVE = 500;

/** Opens so many calls at once, keeps them open together, and answers them. */
export async function holdOpen(calls: number): Promise<SidecarFigures> {
  const aws = inMemory();
  const context: HandleContext = {
    ports: aws.ports,
    reader: new RecordReader(aws.ports),
    sender: new Sender(aws.ports),
    durations: new Durations(),
  };
  const submit = async (...[asked]: Parameters<typeof messageOf>) => {
    const { requestId, body } = messageOf(asked);
    const messageId = await context.sender.send(body);
    return new RequestHandle(requestId, context, { messageId });
  };
  const proxy = await startProxy(new BedrockCalls({ submit }, {}), { port: 0 });
  const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY });
  const before = process.memoryUsage().rss;
  try {
    const begun = Date.now();
    const answers: Promise<number>[] = [];
    while (answers.length < calls) {
      const wave = Math.min(WAVE, calls - answers.length);
      for (let index = 0; index < wave; index += 1) answers.push(statusOf(`${proxy.url}${PATH}`, agent));
      while (aws.sent() < answers.length) await systemClock.sleep(LOOK_EVERY_MS);
    }
    const openedMs = Date.now() - begun;
    const megabytes = (process.memoryUsage().rss - before) / 2 ** 20;
    aws.complete();
    const completedAt = Date.now();
    const statuses = await Promise.all(answers);
    const failed = statuses.filter((status) => status !== 200).length;
    if (failed > 0) throw new Error(`${failed} of ${calls} calls were not answered with 200`);
    return { calls, openedMs, answeredMs: Date.now() - completedAt, megabytes, reads: aws.reads() };
  } finally {
    agent.destroy();
    await proxy.close();
  }
}

/** The status of the answer; 0 when the connection ended without one. */
function statusOf(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve) => {
    const call = request(url, { method: 'POST', agent }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
    call.once('error', () => resolve(0));
    call.end(CALL);
  });
}

/** A stack that accepts everything and answers when it is told to. */
function inMemory() {
  const ids = new Set<string>();
  let completed = false;
  let reads = 0;
  const recordOf = (request_id: string): RequestRecord => ({
    ...{
      v: 1,
      request_id,
      generation: 1,
      nonce: '',
      lane: 'lane',
      model_id: 'any.model',
      operation: 'converse',
    },
    ...{
      priority: 3,
      tenant: 'default',
      accepted_at: 1,
      deadline_at: 2,
      has_deadline: false,
      content_hash: '',
    },
    ...{
      payload_key: '',
      input_tokens: 1,
      input_bytes: 1,
      queue: '',
      arrival: 1,
      attempts: 1,
      failures: 0,
      throttles: 0,
    },
    ...(completed
      ? { status: 'COMPLETED', finished_at: 2, output: { body: ANSWER } }
      : { status: 'RECEIVED', backlog_key: 'q', backlog_order: 1 }),
  });
  const ports: ClientPorts = {
    clock: systemClock,
    async sendBatch(bodies) {
      return bodies.map((body) => {
        const { request_id } = JSON.parse(body);
        ids.add(request_id);
        return { id: `message-${request_id}` };
      });
    },
    async read(keys) {
      reads += 1;
      return keys.filter((key) => ids.has(key)).map(recordOf);
    },
    leave: async (body) => body,
    output: async () => new Uint8Array(),
    ahead: async () => ({ requests: 0, tokens: 0, more: false }),
  };
  return {
    ports,
    sent: () => ids.size,
    reads: () => reads,
    complete: () => {
      completed = true;
    },
  };
}
