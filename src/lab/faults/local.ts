/** Functions that are really killed: the synthesised stack on the local cloud, whose processes are killed at random. */
import { setTimeout } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { collect } from '../../client/collect.ts';
import { feed } from '../../client/feed.ts';
import type { ResultMessage } from '../../core/request/result.ts';
import type { BedrockSimulator } from '../../local/bedrock/simulator.ts';
import type { FaultHook } from '../../local/gateway/gateway.ts';
import type { LocalCloud } from '../../local/local-cloud.ts';
import { startLocalSmoother } from '../run/local-smoother.ts';
import { forkRandom, type Random } from '../simulation/random.ts';
import type { FaultFigures } from './figures.ts';

/** This fault's name in the table. */
export const KILLS = 'functions killed (SIGKILL)';
const MODEL = 'us.amazon.nova-lite-v1:0';
const REQUESTS = 120;
const QUOTA = { requestsPerMinute: 200, tokensPerMinute: 1_000_000 };
/** Calls take long, so that kills strike them. */
const LATENCY_MEDIAN_MS = 3_000;
const VARIABLES = { invocation_timeout_seconds: 30 };
const KILLS_MS = 20_000;
const KILL_EVERY_MS = 1_000;
/** Shares of the functions' calls to AWS, while processes are killed. */
const RATES = { cut: 0.01, error: 0.01, delay: 0.05 };
const DELAY_MS = 500;
/** A request that has no answer by then is lost. */
const LONGEST_RECOVERY_MS = 140_000;
/** Results sent again may still be on their way. */
const AFTERMATH_MS = 5_000;
const LOOK_MS = 200;

export async function killFunctions(seed: number): Promise<FaultFigures> {
  const random = forkRandom(seed, 'kill');
  let isDisturbed = false;
  const faults: FaultHook = ({ principal }) =>
    isDisturbed && principal !== 'operator' ? drawFault(random) : undefined;
  const { cloud, bedrock, stop } = await startLocalSmoother({
    quota: QUOTA,
    models: [MODEL],
    seed,
    latencyMedianMs: LATENCY_MEDIAN_MS,
    variables: VARIABLES,
    faults,
  });
  try {
    return await exercise(cloud, bedrock, random, (disturbed) => {
      isDisturbed = disturbed;
    });
  } finally {
    await stop();
  }
}

async function exercise(
  cloud: LocalCloud,
  bedrock: BedrockSimulator,
  random: Random,
  disturb: (disturbed: boolean) => void,
): Promise<FaultFigures> {
  const clients = { endpoint: cloud.endpoint, region: cloud.region, credentials: cloud.operator };
  const sqs = new SQSClient(clients);
  const s3 = new S3Client({ ...clients, forcePathStyle: true });
  const answers = new Map<string, { text: string; status: string }>();
  const violations: string[] = [];
  let duplicatedResults = 0;
  const onResult = async ({ request_id, status }: ResultMessage, text: string) => {
    const before = answers.get(request_id);
    if (before !== undefined) duplicatedResults += 1;
    if (before !== undefined && before.text !== text)
      violations.push(`request ${request_id} has two different results`);
    answers.set(request_id, { text, status });
  };
  const stop = new AbortController();
  const { input_queue_url, bedrock_calls_bucket_name, bedrock_results_queue_url } = cloud.outputs;
  const collecting = collect(sqs, String(bedrock_results_queue_url), onResult, stop.signal);
  const working = async () => {
    const target = { sqs, s3, queueUrl: String(input_queue_url), bucket: String(bedrock_calls_bucket_name) };
    await feed(lines(), target, () => undefined);
    await until(() => admittedBy(bedrock) > 0, LONGEST_RECOVERY_MS);
    disturb(true);
    const struck = await killForAWhile(cloud, random);
    disturb(false);
    const end = Date.now();
    const recovered = await until(() => answers.size === REQUESTS, LONGEST_RECOVERY_MS);
    const recoverySeconds = Math.round((Date.now() - end) / 1_000);
    await setTimeout(AFTERMATH_MS);
    return { struck, ...(recovered && { recoverySeconds }) };
  };
  try {
    // The collector ends first only by failing.
    const outcome = await Promise.race([working(), collecting.then(() => ({ struck: 0 }))]);
    const count = (wanted: string) => [...answers.values()].filter(({ status }) => status === wanted).length;
    return {
      fault: KILLS,
      requests: REQUESTS,
      failed: count('FAILED'),
      lost: REQUESTS - answers.size,
      duplicatedResults,
      paidTwice: admittedBy(bedrock) - count('COMPLETED'),
      ...outcome,
      violations,
    };
  } finally {
    stop.abort();
    await collecting;
    sqs.destroy();
    s3.destroy();
  }
}

/**
 * Ingestion is spared: its queue delivers what it held again only after six of its timeouts, which would take too long
 * here. `npm run crash` kills it at every call.
 */
async function killForAWhile(cloud: LocalCloud, random: Random): Promise<number> {
  let killed = 0;
  for (const end = Date.now() + KILLS_MS; Date.now() < end; ) {
    const wasKilled = cloud.crash((running) => {
      const victims = running.filter((name) => !name.endsWith('ingestion'));
      return victims[Math.floor(random() * victims.length)];
    });
    if (wasKilled) killed += 1;
    await setTimeout(KILL_EVERY_MS * (1 + random()));
  }
  return killed;
}

function drawFault(random: Random): ReturnType<FaultHook> {
  const draw = random();
  if (draw < RATES.cut) return { cut: draw < RATES.cut / 2 ? 'before' : 'after' };
  if (draw < RATES.cut + RATES.error)
    return { error: { code: 'InternalServerError', status: 500, message: 'Internal server error' } };
  return draw < RATES.cut + RATES.error + RATES.delay ? { delayMs: DELAY_MS } : undefined;
}

async function* lines(): AsyncGenerator<string> {
  for (let index = 0; index < REQUESTS; index++) {
    const messages = [{ role: 'user', content: [{ text: `Summarise chapter ${index}.` }] }];
    yield JSON.stringify({
      ...{ request_id: `kill-${index}`, model_id: MODEL },
      converse: { messages, inferenceConfig: { maxTokens: 300 } },
    });
  }
}

/** Calls that Bedrock admitted, including those whose caller was killed: they are paid for. */
function admittedBy(bedrock: BedrockSimulator): number {
  return bedrock.stats().lanes.reduce((sum, { calls }) => sum + calls, 0);
}

async function until(condition: () => boolean, forMs: number): Promise<boolean> {
  for (const end = Date.now() + forMs; Date.now() < end; await setTimeout(LOOK_MS)) {
    if (condition()) return true;
  }
  return condition();
}
