/** Sends a file of messages through the smoother on the local cloud, collects the results and accounts for them. */
import { open } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { collect } from '../../client/collect.ts';
import { feed } from '../../client/feed.ts';
import { linesOf } from '../../client/lines.ts';
import type { ResultMessage } from '../../core/request/result.ts';
import type { BedrockSimulator } from '../../local/bedrock/simulator.ts';
import type { LocalCloud } from '../../local/local-cloud.ts';
import { Outcomes } from './outcomes.ts';
import { Submissions } from './submissions.ts';
import type { RunRecord } from './summary.ts';

/** What a run needs of the local cloud. */
export type Cloud = Pick<
  LocalCloud,
  'endpoint' | 'region' | 'operator' | 'outputs' | 'calls' | 'denials' | 'idle'
>;

export interface RunTarget {
  cloud: Cloud;
  bedrock: Pick<BedrockSimulator, 'stats'>;
}

/** How far a run is. */
export interface Progress {
  sent: number;
  /** Messages that have their result. */
  answered: number;
  /** Calls that Bedrock admitted. */
  calls: number;
  throttled: number;
  /** At Bedrock now. */
  running: number;
  /** Named when nothing else shows that the run goes on; it ends by `until` (epoch milliseconds). */
  waitingFor?: { what: string; until: number };
}

export interface RunOptions {
  /** JSON lines of input messages. */
  input: string;
  /** Where to write the result messages, as JSON lines. */
  results?: string;
  onProgress?: (progress: Progress) => void;
  /**
   * Resolves when the reports hold so many outcomes: then the run ends, without waiting until every function is idle.
   * Absent: it waits for that.
   */
  reported?: (outcomes: number, signal: AbortSignal) => Promise<void>;
  /** Ends the run early. */
  interrupted?: AbortSignal;
  /** Without a result or a call to Bedrock for so long, what is missing counts as lost. Default: three minutes. */
  patienceMs?: number;
}

/** The principal that sends and collects. */
const OPERATOR = 'operator';
const PATIENCE_MS = 180_000;
/** After so long without a result or a call, progress says what the run waits for. */
const QUIET_MS = 10_000;
const LOOK_EVERY_MS = 200;
/** What is left to do after the last result has this long. */
const IDLE_MS = 15_000;

/**
 * @returns the record of the run: `summarise` makes figures of it
 * @throws when the results cannot be written, or not be collected
 */
export async function run({ cloud, bedrock }: RunTarget, options: RunOptions): Promise<RunRecord> {
  const { interrupted, patienceMs = PATIENCE_MS } = options;
  const file = options.results === undefined ? undefined : await open(options.results, 'w');
  const clients = { endpoint: cloud.endpoint, region: cloud.region, credentials: cloud.operator };
  const sqs = new SQSClient(clients);
  const s3 = new S3Client({ ...clients, forcePathStyle: true });
  const submissions = new Submissions();
  const outcomes = new Outcomes();
  const startedAt = Date.now();
  const output = file?.createWriteStream();
  const stop = new AbortController();
  let lastResultAt = Date.now();

  const onResult = async (result: ResultMessage, text: string) => {
    lastResultAt = Date.now();
    output?.write(`${text}\n`);
    if (submissions.ended(result.request_id, result.status)) outcomes.add(result);
  };
  const tellProgress = (waitingFor?: Progress['waitingFor']) =>
    options.onProgress?.({ ...progressOf(submissions, bedrock), waitingFor });
  const collecting = collect(sqs, String(cloud.outputs.bedrock_results_queue_url), onResult, stop.signal);
  const target = {
    sqs,
    s3,
    queueUrl: String(cloud.outputs.input_queue_url),
    bucket: String(cloud.outputs.bedrock_calls_bucket_name),
  };
  /** Whether there is still something to wait for; says so when it takes long. */
  const isOpen = () => {
    const lastMove = Math.max(lastResultAt, lastCallAt(bedrock));
    const quietMs = Date.now() - lastMove;
    const open = submissions.unanswered > 0 && quietMs <= patienceMs && interrupted?.aborted !== true;
    const what = `${submissions.unanswered} results, none for ${Math.round(quietMs / 1_000)} s`;
    tellProgress(open && quietMs > QUIET_MS ? { what, until: lastMove + patienceMs } : undefined);
    return open;
  };
  const working = async () => {
    const lines = until(interrupted, linesOf(options.input));
    await feed(lines, target, (...message) => submissions.sent(...message));
    while (isOpen()) await setTimeout(LOOK_EVERY_MS);
    if (submissions.unanswered > 0) return;
    // Counts of the report, and duplicates of results, may still be on their way.
    tellProgress({ what: 'the report to count the last outcomes', until: Date.now() + IDLE_MS });
    await Promise.race([
      cloud.idle(),
      ...(options.reported === undefined ? [] : [options.reported(outcomes.total, stop.signal)]),
      setTimeout(IDLE_MS, undefined, { ref: false }),
      aborted(interrupted),
    ]);
  };
  try {
    // The collector ends first only by failing.
    await Promise.race([working(), collecting]);
  } finally {
    stop.abort();
    try {
      await collecting;
    } finally {
      tellProgress();
      output?.end();
      if (output) await finished(output);
      sqs.destroy();
      s3.destroy();
    }
  }
  return {
    submissions,
    outcomes,
    bedrock: bedrock.stats(),
    calls: cloud.calls(),
    denials: cloud.denials(),
    operator: OPERATOR,
    interrupted: interrupted?.aborted === true,
    startedAt,
    durationSeconds: (Date.now() - startedAt) / 1_000,
  };
}

async function* until<Item>(
  signal: AbortSignal | undefined,
  items: AsyncIterable<Item>,
): AsyncGenerator<Item> {
  for await (const item of items) {
    if (signal?.aborted) return;
    yield item;
  }
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
}

function lastCallAt(bedrock: RunTarget['bedrock']): number {
  return Math.max(0, ...bedrock.stats().lanes.map(({ seconds }) => (seconds.at(-1)?.second ?? 0) * 1_000));
}

function progressOf({ submitted, unanswered }: Submissions, bedrock: RunTarget['bedrock']): Progress {
  const { calls, throttles, lanes } = bedrock.stats();
  return {
    sent: submitted,
    answered: submitted - unanswered,
    calls,
    throttled: throttles,
    running: lanes.reduce((sum, { running }) => sum + running, 0),
  };
}
