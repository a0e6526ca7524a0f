/** A burst that is too much for its quota: through the whole smoother on the local cloud, and straight to Bedrock. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
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
  /** The longest that this process did not get to its work, seconds: what the machine did to the figures. */
  longestPauseSeconds: number;
}

/** Tokens that a request asks for at most, so that the named limit binds under every quota of `Burst`. */
const LANES: Record<Bound, { modelId: string; maxTokens: number }> = {
  rpm: { modelId: 'us.anthropic.claude-haiku-4-5-20251001-v1:0', maxTokens: 16 },
  tpm: { modelId: 'amazon.nova-lite-v1:0', maxTokens: 800 },
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
  const delays = monitorEventLoopDelay();
  try {
    const [input, summaryFile] = [path.join(folder, 'burst.jsonl'), path.join(folder, 'summary.json')];
    const messages = BOUNDS.flatMap((bound) => messagesOf(burst, bound));
    await writeFile(input, messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
    const { rpm, tpm } = burst;
    delays.enable();
    await run(
      { input, rpm, tpm, enforcement, seed: SEED, summary: summaryFile },
      {
        synthesise: async () => ({ ...synthesis, remove: async () => {} }),
        startCloud: startLocalCloud,
        readTfvars: async () => ({}),
        terminal: { write: () => {} },
        interrupted: new AbortController().signal,
      },
    );
    delays.disable();
    const summary: Summary = JSON.parse(await readFile(summaryFile, 'utf8'));
    const lanes = await Promise.all(
      BOUNDS.map((bound) => figuresOf(burst, enforcement, bound, summary.lanes)),
    );
    return { summary, lanes, longestPauseSeconds: delays.max / 1e9 };
  } finally {
    delays.disable();
    await rm(folder, { recursive: true, force: true });
  }
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
