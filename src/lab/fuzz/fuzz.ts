/** Sends any text through the real ingestion, ten messages at a time, with a valid message in each batch. */

import { bodyOf } from '../../aws/sqs.ts';
import { Ingestion } from '../../core/ingestion/ingestion.ts';
import { withoutByteOrderMark } from '../../core/request/json.ts';
import { RECORD_ONLY, type StoredRecord } from '../../core/request/record.ts';
import type { ResultMessage } from '../../core/request/result.ts';
import { createMemoryCloud, type MemoryCloud, type MemoryPorts } from '../../memory/cloud.ts';
import { isPayloadKey } from '../payload-keys.ts';
import { forkRandom } from '../simulation/random.ts';
import { laneKeyProblems, messageProblems, recordProblems } from './limits.ts';
import { mutated } from './mutations.ts';
import { MODELS, SAMPLES } from './samples.ts';
import { BUCKET, HOME, POINTED_KEY, QUEUE } from './targets.ts';

export interface FuzzOptions {
  seed: number;
  /** How many messages, beginning with number `from` (default: 0). */
  cases: number;
  from?: number;
  /** For control tests: the ports that ingestion works on. */
  sabotage?: (ports: MemoryPorts) => MemoryPorts;
}

export interface FuzzFinding {
  /** The number of the message, or of the first of its batch. With the seed it can be played again. */
  case: number;
  problem: string;
}

export interface FuzzFigures {
  cases: number;
  accepted: number;
  /** How many were rejected, by the type of the error. */
  rejected: Record<string, number>;
  broken: FuzzFinding[];
}

const BATCH_SIZE = 10;
const NOW = Date.UTC(2026, 10, 2, 9, 0, 0);
/** An error names its field and says what is wrong; a conflict names the id as the field. */
const REASON = /^\S[^:]*: \S.+/s;

/** The text of one message, which the seed and the number determine. */
export function messageOf(seed: number, number: number): string {
  return mutated(forkRandom(seed, `message ${number}`));
}

export async function fuzz({ seed, cases, from = 0, sabotage }: FuzzOptions): Promise<FuzzFigures> {
  const report: FuzzFigures = { cases: 0, accepted: 0, rejected: {}, broken: [] };
  for (let first = from; first < from + cases; first += BATCH_SIZE - 1) {
    const count = Math.min(BATCH_SIZE - 1, from + cases - first);
    const texts = Array.from({ length: count }, (_, index) => messageOf(seed, first + index));
    await runBatch(first, texts, report, sabotage);
  }
  return report;
}

async function runBatch(
  first: number,
  texts: readonly string[],
  report: FuzzFigures,
  sabotage: FuzzOptions['sabotage'] = (ports) => ports,
): Promise<void> {
  const broken = (problem: string, at = first) => void report.broken.push({ case: at, problem });
  const cloud = createMemoryCloud({ clock: { now: () => NOW }, settings: { results_queues: [QUEUE] } });
  cloud.bucket.leave(POINTED_KEY, JSON.stringify(SAMPLES[0]));
  const ingestion = new Ingestion(
    {
      ...watched(sabotage(cloud.ports), broken),
      clock: { now: () => NOW },
      random: () => 0,
      log: () => undefined,
    },
    { bucket: BUCKET, home: HOME, longestWaitSeconds: 6 * 24 * 3_600 },
  );
  const neighbour = JSON.stringify({
    model_id: MODELS[0],
    request_id: 'neighbour',
    messages: [{ role: 'user', content: 'Hi' }],
  });
  const place = first % (texts.length + 1);
  const bodies = [...texts.slice(0, place), neighbour, ...texts.slice(place)];
  const messages = bodies.map((body, index) => ({ id: idOf(index), body, sentAt: NOW, receiveCount: 1 }));
  const failed = await ingestion.ingest(messages).catch((error) => {
    broken(`ingestion threw ${error}`);
    return [];
  });
  if (failed.length > 0)
    broken(
      `ingestion failed on ${failed.map((id) => bodies[messages.findIndex((it) => it.id === id)]?.slice(0, 300))}`,
    );

  checkObjects(cloud, broken);
  const records = new Map([...cloud.table.all()].map((record) => [record.request_id, record]));
  if (records.get('neighbour')?.status !== 'RECEIVED') broken('the neighbour was not accepted');
  for (const [index, body] of bodies.entries()) {
    if (body === neighbour) continue;
    report.cases += 1;
    const at = first + (index > place ? index - 1 : index);
    const rejection = records.get(`rejected/${idOf(index)}`);
    if (rejection !== undefined) {
      checkRejection(rejection, cloud, (problem) => broken(problem, at));
      const type = rejection.error?.type ?? 'none';
      report.rejected[type] = (report.rejected[type] ?? 0) + 1;
    } else if (nameIn(body, cloud).some((id) => records.has(id)) || records.has(idOf(index))) {
      report.accepted += 1;
    } else {
      broken('the message was lost: neither a record nor a rejection', at);
    }
  }
}

/** The id under which the message, or the one that it points to, asked to be accepted. */
function nameIn(body: string, cloud: MemoryCloud): string[] {
  try {
    const value = JSON.parse(withoutByteOrderMark(body)) as {
      request_id?: unknown;
      s3?: unknown;
      cancel?: unknown;
    } | null;
    const pointed = value?.s3 !== undefined && cloud.bucket.keys().includes(POINTED_KEY);
    return [...(pointed ? [SAMPLES[0]?.request_id] : []), value?.request_id, value?.cancel].filter(
      (id) => typeof id === 'string',
    );
  } catch {
    return [];
  }
}

function checkRejection(
  record: StoredRecord,
  { sent, destinations }: MemoryCloud,
  broken: (problem: string) => void,
): void {
  const reason = record.error?.message ?? '';
  if (!REASON.test(reason)) broken(`a reason that names no field: ${reason}`);
  if (record.status !== 'REJECTED') broken('a rejection that is none');
  const { results } = record;
  if (results !== undefined && ![RECORD_ONLY, QUEUE].includes(results)) broken(`a result for ${results}`);
  if (results === RECORD_ONLY) {
    if (record.due_key !== undefined) broken('a result is owed for a rejection that is read from the table');
    return;
  }
  if (!record.result_sent) broken('a rejection that was not sent');
  const id = record.status === 'REJECTED' ? record.result_id : record.request_id;
  const isMine = (result: ResultMessage, index: number) =>
    result.request_id === id && result.status === 'REJECTED' && destinations[index] === results;
  if (!sent.some(isMine)) {
    broken(`no result under ${id}`);
  }
}

function checkObjects(cloud: MemoryCloud, broken: (problem: string) => void): void {
  for (const key of cloud.bucket.keys()) {
    if (key !== POINTED_KEY && !isPayloadKey(key)) broken(`an object at ${key}`);
  }
}

/** Checks everything that ingestion sends as the service behind the port would. */
function watched(ports: MemoryPorts, broken: (problem: string) => void): MemoryPorts {
  const check = (problems: string[]) => {
    for (const problem of problems) broken(problem);
  };
  return {
    ...ports,
    records: {
      ...ports.records,
      create: (record) => {
        check(recordProblems(record));
        return ports.records.create(record);
      },
    },
    directory: {
      ...ports.directory,
      announce: (queue, ...rest) => {
        check(laneKeyProblems(queue.split('|')[0] ?? '', queue));
        return ports.directory.announce(queue, ...rest);
      },
    },
    results: {
      send: (result, queue) => {
        check(messageProblems(bodyOf(result)));
        return ports.results.send(result, queue);
      },
    },
  };
}

function idOf(index: number): string {
  return `message-${index}`;
}
