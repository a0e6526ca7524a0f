/** A file of requests on its way: what each line is, what is there already, and what becomes of the rest. */
import { setMaxListeners } from 'node:events';
import type { OutgoingMessage, RequestHandle, Result, Smoother } from '../../client/index.ts';
import { defaultLimitsOf, laneOf } from '../../core/lane/catalog/catalog.ts';
import { costOf } from '../../core/reporting/prices.ts';
import { withoutByteOrderMark } from '../../core/request/json.ts';
import { sha256 } from '../../core/request/keys.ts';
import { requestedOutput } from '../../core/request/max-tokens.ts';
import { readMessage } from '../../core/request/message.ts';
import { describeProblems } from '../../core/request/problem.ts';
import { RECORD_ONLY } from '../../core/request/record.ts';
import { contentHash, type Request } from '../../core/request/request.ts';
import { estimateInput } from '../../core/request/tokens.ts';
import { counted } from '../report/numbers.ts';
import { table } from '../report/table.ts';

/** A line of the file, ready to be sent, or what is wrong with it. */
export type Line =
  | { number: number; message: OutgoingMessage; request: Request }
  | { number: number; problem: string };

const LONGEST_WAIT_SECONDS = 3_650 * 86_400;
const LINES_AT_ONCE = 100;

/**
 * Reads lines as ingestion will. A line without an id gets one of its content, so that a file that is sent again is the same
 * requests; a line that does not say where its result goes is answered in its record.
 */
export async function* readLines(texts: AsyncIterable<string>): AsyncGenerator<Line> {
  let number = 0;
  for await (const raw of texts) {
    number += 1;
    const text = withoutByteOrderMark(raw);
    if (text.trim() === '') continue;
    const reading = readMessage(text, { longestWaitSeconds: LONGEST_WAIT_SECONDS });
    if (reading.kind === 'invalid') {
      yield { number, problem: describeProblems(reading.problems) };
    } else if (reading.kind !== 'request') {
      yield { number, problem: `expected a request, got a ${reading.kind}` };
    } else {
      const request = { ...reading.request, results: reading.request.results ?? RECORD_ONLY };
      const hash = contentHash(request);
      const request_id = request.request_id ?? `line-${sha256(hash).slice(0, 32)}`;
      const added = {
        ...(reading.request.request_id === undefined && { request_id }),
        ...(reading.request.results === undefined && { results: request.results }),
      };
      const body = withFields(text, added);
      const message = { requestId: request_id, contentHash: hash, modelId: request.model_id, body };
      yield { number, message, request };
    }
  }
}

/** The text of an object that is not empty, with further fields. What it says itself stays as it is, byte for byte. */
function withFields(text: string, fields: object): string {
  const added = JSON.stringify(fields).slice(1, -1);
  return added === '' ? text : text.replace('{', `{${added},`);
}

export interface Sent {
  handles: RequestHandle[];
  /** Ids of requests that were there already. */
  skipped: string[];
  invalid: number;
}

/** Sends what is not there yet, in the order of the lines. `onInvalid` hears of each line that is not a request. */
export async function sendLines(
  smoother: Smoother,
  lines: AsyncIterable<Line>,
  onInvalid: (line: Line) => void,
  signal: AbortSignal,
): Promise<Sent> {
  const sent: Sent = { handles: [], skipped: [], invalid: 0 };
  for await (const batch of inBatches(lines)) {
    if (signal.aborted) break;
    const messages = batch.flatMap((line) => ('message' in line ? [line.message] : []));
    const there = await smoother.known(messages.map(({ requestId }) => requestId));
    const sending = batch.map(async (line) => {
      if (!('message' in line)) {
        sent.invalid += 1;
        onInvalid(line);
        return undefined;
      }
      const { requestId, contentHash: hash } = line.message;
      const isThere = there.get(requestId) === hash;
      if (isThere) sent.skipped.push(requestId);
      return isThere ? smoother.handle(requestId, { contentHash: hash }) : smoother.send(line.message);
    });
    for (const handle of await Promise.all(sending)) if (handle !== undefined) sent.handles.push(handle);
  }
  return sent;
}

async function* inBatches(lines: AsyncIterable<Line>): AsyncGenerator<Line[]> {
  let batch: Line[] = [];
  for await (const line of lines) {
    batch.push(line);
    if (batch.length < LINES_AT_ONCE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Waits for all results, whatever their status. */
export async function follow(
  handles: readonly RequestHandle[],
  onResult: (result: Result) => void,
  signal: AbortSignal,
): Promise<void> {
  // Each of them listens for the interruption.
  setMaxListeners(0, signal);
  await Promise.all(handles.map(async (handle) => onResult(await handle.outcome({ signal }))));
}

/** What the requests of a lane would take. */
export interface LaneEstimate {
  requests: number;
  inputTokens: number;
  /** Of the requests that set it. */
  maxTokens: number;
  /** Requests without max tokens: nobody knows beforehand how many tokens the smoother will allow them, or how often. */
  open: number;
  /** In US dollars when every answer is as long as it may be; undefined where nobody knows. */
  costUsd?: number;
  /** At the catalog's quota, with nobody else in the lane; undefined where nobody knows. */
  minutes?: number;
}

/** Adds a request to the estimates of its lane. */
export function estimate(lanes: Map<string, LaneEstimate>, { model_id, call }: Request): void {
  const lane = laneOf(model_id);
  const before = lanes.get(lane) ?? { requests: 0, inputTokens: 0, maxTokens: 0, open: 0 };
  const { maxTokens } = requestedOutput(model_id, model_id, call);
  const isSet = typeof maxTokens === 'number';
  const sum = {
    requests: before.requests + 1,
    inputTokens: before.inputTokens + estimateInput(model_id, call).tokens,
    maxTokens: before.maxTokens + (isSet ? maxTokens : 0),
    open: before.open + (isSet ? 0 : 1),
  };
  lanes.set(lane, sum.open > 0 ? sum : { ...sum, ...mostOf(lane, sum) });
}

function mostOf(lane: string, sum: LaneEstimate): Pick<LaneEstimate, 'costUsd' | 'minutes'> {
  const cost = costOf(lane, { input_tokens: sum.inputTokens, output_tokens: sum.maxTokens });
  const { requests_per_minute: rpm, tokens_per_minute: tpm } = defaultLimitsOf(lane);
  const minutes = Math.max(rpm ? sum.requests / rpm : 0, tpm ? (sum.inputTokens + sum.maxTokens) / tpm : 0);
  return { costUsd: cost === undefined ? undefined : cost / 1e9, minutes };
}

/** The estimates as a table, with what it counts and what it leaves out. */
export function estimateTable(lanes: ReadonlyMap<string, LaneEstimate>): string {
  const rows = [...lanes].map(([lane, { requests, inputTokens, maxTokens, open, costUsd, minutes }]) => [
    lane,
    String(requests),
    String(inputTokens),
    open === 0 ? String(maxTokens) : `${maxTokens} + ${open} unset`,
    costUsd === undefined ? 'unknown' : `$${costUsd.toFixed(4)}`,
    minutes === undefined ? 'unknown' : minutes.toFixed(1),
  ]);
  const open = [...lanes.values()].reduce((sum, lane) => sum + lane.open, 0);
  const notes = [
    'in tokens, list prices, and minutes at the quota that the catalog assumes; answers may be shorter',
  ];
  if (open > 0) {
    const unset = counted(open, 'request');
    notes.push(
      `unset: ${unset} without max tokens; what such a lane costs at most, and how long it takes, is unknown`,
    );
  }
  return [table(['lane', 'requests', 'input', 'max output', 'at most', 'minutes'], rows), ...notes].join(
    '\n',
  );
}
