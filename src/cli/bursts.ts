/** A burst that is too much for its quota: through the whole smoother on the local cloud, and straight to Bedrock. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  BedrockRuntimeClient,
  ConverseCommand,
  type ConverseCommandInput,
  ThrottlingException,
} from '@aws-sdk/client-bedrock-runtime';
import type { Enforcement } from '../bedrock-simulator/accounting.ts';
import { startBedrockSimulator } from '../bedrock-simulator/simulator.ts';
import { startLocalCloud } from '../local/local-cloud.ts';
import { run } from './run.ts';
import type { Summary } from './summary.ts';
import type { Synthesis } from './synthesis.ts';

export type Bound = 'rpm' | 'tpm';

/** Two lanes share nothing but the smoother: one has so many requests that RPM binds, the other such large ones that TPM does. */
export interface Burst {
  rpm: number;
  tpm: number;
  /** How many requests each lane gets, all at once. */
  requests: Record<Bound, number>;
}

export interface LaneFigures {
  enforcement: Enforcement;
  bound: Bound;
  calls: number;
  throttled: number;
  /** Share of the binding limit that was used from the lane's first call on, while there was a backlog. */
  used: number;
  backlogSeconds: number;
  /** The same burst sent straight to a simulator with the same quota. */
  straight: { calls: number; throttled: number };
}

export interface BurstFigures {
  summary: Summary;
  lanes: LaneFigures[];
  /**
   * By how much delays from release to start differed, seconds. Bedrock's minute begins with the start, so a smoother that
   * must not be throttled cannot use more than 60 ÷ (60 + this) of a limit: the machine's part in the figures.
   */
  startSpreadSeconds: number;
}

/**
 * Where 200 tokens a minute meet one request a minute, the named limit binds. Answers are about as long as max tokens
 * allow: what they would need is learned from the first thirty, and until then half of max tokens is expected.
 */
const LANES: Record<Bound, { modelId: string; maxTokens: number }> = {
  rpm: { modelId: 'us.anthropic.claude-haiku-4-5-20251001-v1:0', maxTokens: 16 },
  tpm: { modelId: 'amazon.nova-lite-v1:0', maxTokens: 300 },
};
const BOUNDS: readonly Bound[] = ['rpm', 'tpm'];
const SEED = 1;

/** @param synthesis shared by several runs: it is not removed here */
export async function smoothBurst(
  burst: Burst,
  enforcement: Enforcement,
  synthesis: Pick<Synthesis, 'stack' | 'folder'>,
): Promise<BurstFigures> {
  const folder = await mkdtemp(path.join(tmpdir(), 'burst-'));
  try {
    const [input, summaryFile, logs] = ['burst.jsonl', 'summary.json', 'logs.txt'].map((name) =>
      path.join(folder, name),
    ) as [string, string, string];
    const messages = BOUNDS.flatMap((bound) => messagesOf(burst, bound));
    await writeFile(input, messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
    const { rpm, tpm } = burst;
    await run(
      { input, rpm, tpm, enforcement, seed: SEED, summary: summaryFile, logs },
      {
        synthesise: async () => ({ ...synthesis, remove: async () => {} }),
        startCloud: startLocalCloud,
        readTfvars: async () => ({}),
        terminal: { write: () => {} },
        interrupted: new AbortController().signal,
      },
    );
    const summary: Summary = JSON.parse(await readFile(summaryFile, 'utf8'));
    const lanes = await Promise.all(
      BOUNDS.map((bound) => figuresOf(burst, enforcement, bound, summary.lanes)),
    );
    return { summary, lanes, startSpreadSeconds: spreadOf(await readFile(logs, 'utf8')) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** From the lines by which invocations log their calls. */
function spreadOf(logs: string): number {
  const delays = [...logs.matchAll(/"start_delay_ms":(\d+)/g)].map(([, delay]) => Number(delay));
  return (Math.max(...delays) - Math.min(...delays)) / 1_000;
}

async function figuresOf(
  burst: Burst,
  enforcement: Enforcement,
  bound: Bound,
  lanes: Summary['lanes'],
): Promise<LaneFigures> {
  const id = LANES[bound].modelId.replace(/^us\./, '');
  const lane = lanes.find((candidate) => candidate.lane.endsWith(`/${id}`));
  return {
    enforcement,
    bound,
    calls: lane?.calls ?? 0,
    throttled: lane?.throttled ?? 0,
    used: lane?.utilisation[bound] ?? 0,
    backlogSeconds: lane?.backlog_seconds ?? 0,
    straight: await sendStraight(burst, enforcement, bound),
  };
}

/** What happens without a smoother: every request at once, none tried again. */
async function sendStraight(
  burst: Burst,
  enforcement: Enforcement,
  bound: Bound,
): Promise<LaneFigures['straight']> {
  const bedrock = await startBedrockSimulator({
    requestsPerMinute: burst.rpm,
    tokensPerMinute: burst.tpm,
    enforcement,
    seed: SEED,
  });
  const client = new BedrockRuntimeClient({
    endpoint: bedrock.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  });
  try {
    const calls = messagesOf(burst, bound).map(async ({ model_id: modelId, converse }) => {
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

function messagesOf(burst: Burst, bound: Bound) {
  const { modelId, maxTokens } = LANES[bound];
  return Array.from({ length: burst.requests[bound] }, (_, index) => ({
    request_id: `${bound}-${index}`,
    model_id: modelId,
    priority: (index % 5) + 1,
    converse: {
      messages: [{ role: 'user', content: [{ text: `Question ${index}: what is smooth?` }] }],
      inferenceConfig: { maxTokens },
    },
  }));
}
