/** One file of messages through the whole smoother on the local cloud: sends it, collects the results, keeps account. */
import { createWriteStream } from 'node:fs';
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

/** The local cloud as a run uses it. */
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
  ended: number;
  /** Calls that Bedrock admitted. */
  calls: number;
  throttled: number;
  /** At Bedrock now. */
  running: number;
}

export interface RunOptions {
  /** JSON lines of input messages. */
  input: string;
  /** Where to write the result messages, as JSON lines. */
  results?: string;
  onProgress?: (progress: Progress) => void;
  /** Stops the run early, as if it had stalled. */
  interrupted?: AbortSignal;
}

/** The principal by which the local cloud knows whoever sends and collects. */
const OPERATOR = 'operator';
/** Without a result or a call to Bedrock for so long, what is missing counts as lost. */
const STALL_MS = 180_000;
const LOOK_EVERY_MS = 200;
/** What is left to do after the last result has this long. */
const IDLE_MS = 15_000;

/** @returns the record of the run: `summarise` makes figures of it */
export async function run({ cloud, bedrock }: RunTarget, options: RunOptions): Promise<RunRecord> {
  const clients = { endpoint: cloud.endpoint, region: cloud.region, credentials: cloud.operator };
  const sqs = new SQSClient(clients);
  const s3 = new S3Client({ ...clients, forcePathStyle: true });
  const submissions = new Submissions();
  const outcomes = new Outcomes();
  const startedAt = Date.now();
  const output = options.results === undefined ? undefined : createWriteStream(options.results);
  const stop = new AbortController();
  let lastResultAt = Date.now();

  const onResult = async (result: ResultMessage, text: string) => {
    lastResultAt = Date.now();
    output?.write(`${text}\n`);
    if (submissions.ended(result.request_id, result.status)) outcomes.add(result);
  };
  const tellProgress = () => options.onProgress?.(progressOf(submissions, outcomes, bedrock));
  const collecting = collect(sqs, String(cloud.outputs.bedrock_results_queue_url), onResult, stop.signal);
  const target = {
    sqs,
    s3,
    queueUrl: String(cloud.outputs.input_queue_url),
    bucket: String(cloud.outputs.bedrock_calls_bucket_name),
  };
  const working = async () => {
    await feed(linesOf(options.input), target, (...message) => submissions.sent(...message));
    await until(() => {
      tellProgress();
      const stalled = Date.now() - Math.max(lastResultAt, lastCallAt(bedrock)) > STALL_MS;
      return submissions.allEnded || stalled || options.interrupted?.aborted === true;
    });
    // Reports and duplicates of results may still be on their way.
    if (submissions.allEnded)
      await Promise.race([cloud.idle(), setTimeout(IDLE_MS, undefined, { ref: false })]);
  };
  try {
    // The collector ends first only by failing.
    await Promise.race([working(), collecting]);
  } finally {
    stop.abort();
    await collecting;
    tellProgress();
    output?.end();
    if (output) await finished(output);
    sqs.destroy();
    s3.destroy();
  }
  return {
    submissions,
    outcomes,
    bedrock: bedrock.stats(),
    calls: cloud.calls(),
    denials: cloud.denials(),
    operator: OPERATOR,
    startedAt,
    durationSeconds: (Date.now() - startedAt) / 1_000,
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setTimeout(LOOK_EVERY_MS);
}

function lastCallAt(bedrock: RunTarget['bedrock']): number {
  return Math.max(0, ...bedrock.stats().lanes.map(({ seconds }) => (seconds.at(-1)?.second ?? 0) * 1_000));
}

function progressOf(submissions: Submissions, outcomes: Outcomes, bedrock: RunTarget['bedrock']): Progress {
  const { calls, throttles, lanes } = bedrock.stats();
  return {
    sent: submissions.submitted,
    ended: outcomes.total,
    calls,
    throttled: throttles,
    running: lanes.reduce((sum, { running }) => sum + running, 0),
  };
}
