/** Sends bursts that exceed their quotas through the whole smoother on the local cloud, and straight to Bedrock. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  BedrockRuntimeClient,
  ConverseCommand,
  type ConverseCommandInput,
  ThrottlingException,
} from '@aws-sdk/client-bedrock-runtime';
import { laneOf } from '../../core/lane/catalog/catalog.ts';
import type { Enforcement } from '../../local/bedrock/accounting.ts';
import { startBedrockSimulator } from '../../local/bedrock/simulator.ts';
import { startLocalSmoother } from './local-smoother.ts';
import { run } from './run.ts';
import { type Summary, summarise } from './summary.ts';
import type { Synthesis } from './synthesis.ts';

export type Bound = 'rpm' | 'tpm';

/** One burst for each limit and each of its enforcements, all at once. The lanes share the workers but no quota. */
export interface Bursts {
  rpm: number;
  tpm: number;
  /** Under which each limit is tried. */
  enforcements: Record<Bound, readonly Enforcement[]>;
  /** The number of requests for each lane, by the limit that binds it. */
  requests: Record<Bound, number>;
}

export interface BurstLaneFigures {
  enforcement: Enforcement;
  bound: Bound;
  calls: number;
  throttled: number;
  /** The share of the binding limit that was used from the lane's first call on, while there was a backlog. */
  used: number;
  backlogSeconds: number;
  /** The same burst sent straight to a simulator with the same quota. */
  straight: { calls: number; throttled: number };
}

export interface BurstFigures {
  summary: Summary;
  lanes: BurstLaneFigures[];
  /**
   * How much the delays from release to start differed, in seconds. Bedrock's minute begins with the start, so without
   * throttles no more than 60 ÷ (60 + this) of a limit can be used for long. This is due to the machine.
   */
  startSpreadSeconds: number;
}

interface Lane {
  bound: Bound;
  enforcement: Enforcement;
  modelId: string;
}

const PROFILE = 'us.';
const MODELS: Record<Bound, Record<Enforcement, string>> = {
  rpm: {
    'token-bucket': `${PROFILE}anthropic.claude-haiku-4-5-20251001-v1:0`,
    'sliding-window': `${PROFILE}anthropic.claude-sonnet-4-5-20250929-v1:0`,
    'fixed-window': `${PROFILE}anthropic.claude-sonnet-4-6`,
  },
  tpm: {
    'token-bucket': 'amazon.nova-lite-v1:0',
    'sliding-window': 'amazon.nova-micro-v1:0',
    'fixed-window': 'amazon.nova-pro-v1:0',
  },
};
/**
 * With about 150 tokens a minute for each request a minute, these make the named limit bind. Answers use most of the
 * larger one: until the first have ended, half of max tokens is expected.
 */
const MAX_TOKENS: Record<Bound, number> = { rpm: 16, tpm: 300 };
const SEED = 1;

/** @param synthesis stays; the caller removes it */
export async function smoothBursts(
  bursts: Bursts,
  synthesis: Pick<Synthesis, 'stack' | 'folder'>,
): Promise<BurstFigures> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bursts-'));
  const lanes = lanesOf(bursts);
  const logs: string[] = [];
  const smoother = await startLocalSmoother({
    synthesis,
    quota: { requestsPerMinute: bursts.rpm, tokensPerMinute: bursts.tpm },
    models: lanes.map(({ modelId }) => modelId),
    enforcementByModel: Object.fromEntries(
      lanes.map(({ modelId, enforcement }) => [foundationModelOf(modelId), enforcement]),
    ),
    seed: SEED,
    onLog: (_, line) => logs.push(line),
  });
  try {
    const input = path.join(folder, 'bursts.jsonl');
    const messages = inTurn(lanes.map((lane) => messagesOf(bursts, lane)));
    await writeFile(input, messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
    const record = await run(smoother, { input });
    const summary = summarise(record, []);
    return {
      summary,
      lanes: await Promise.all(lanes.map((lane) => figuresOf(bursts, lane, summary.lanes))),
      startSpreadSeconds: spreadOf(logs),
    };
  } finally {
    await smoother.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function lanesOf({ enforcements }: Bursts): Lane[] {
  return (['rpm', 'tpm'] as const).flatMap((bound) =>
    enforcements[bound].map((enforcement) => ({ bound, enforcement, modelId: MODELS[bound][enforcement] })),
  );
}

function foundationModelOf(modelId: string): string {
  return modelId.replace(PROFILE, '');
}

/** From the lines with which invocations log their calls. */
function spreadOf(logs: readonly string[]): number {
  const delays = logs.flatMap((line) => {
    const [, delay] = /"start_delay_ms":(\d+)/.exec(line) ?? [];
    return delay === undefined ? [] : [Number(delay)];
  });
  return (Math.max(...delays) - Math.min(...delays)) / 1_000;
}

async function figuresOf(bursts: Bursts, lane: Lane, lanes: Summary['lanes']): Promise<BurstLaneFigures> {
  const { bound, enforcement, modelId } = lane;
  const found = lanes.find((it) => it.lane === laneOf(modelId));
  return {
    enforcement,
    bound,
    calls: found?.calls ?? 0,
    throttled: found?.throttled ?? 0,
    used: found?.utilisation[bound] ?? 0,
    backlogSeconds: found?.backlog_seconds ?? 0,
    straight: await sendStraight(bursts, lane),
  };
}

/** What happens without a smoother: every request is sent at once, and none is tried again. */
async function sendStraight(bursts: Bursts, lane: Lane): Promise<BurstLaneFigures['straight']> {
  const bedrock = await startBedrockSimulator({
    requestsPerMinute: bursts.rpm,
    tokensPerMinute: bursts.tpm,
    enforcement: lane.enforcement,
    seed: SEED,
  });
  const client = new BedrockRuntimeClient({
    endpoint: bedrock.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  });
  try {
    const calls = messagesOf(bursts, lane).map(async ({ model_id: modelId, converse }) => {
      await client
        .send(new ConverseCommand({ modelId, ...converse } as ConverseCommandInput))
        .catch((error: unknown) => {
          if (!(error instanceof ThrottlingException)) throw error;
        });
    });
    await Promise.all(calls);
    const { calls: admitted, throttles } = bedrock.stats();
    return { calls: admitted + throttles, throttled: throttles };
  } finally {
    client.destroy();
    await bedrock.close();
  }
}

/** The first of each, then the second of each, and so on: the bursts come at once. */
function inTurn<T>(lists: readonly T[][]): T[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) =>
    lists.flatMap((list) => list.slice(index, index + 1)),
  ).flat();
}

function messagesOf({ requests }: Bursts, { bound, enforcement, modelId }: Lane) {
  return Array.from({ length: requests[bound] }, (_, index) => ({
    request_id: `${bound}-${enforcement}-${index}`,
    model_id: modelId,
    priority: (index % 5) + 1,
    converse: {
      messages: [{ role: 'user', content: [{ text: `Question ${index}: what is smooth?` }] }],
      inferenceConfig: { maxTokens: MAX_TOKENS[bound] },
    },
  }));
}
