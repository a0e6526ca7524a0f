/** The ways from a client to an answer: the simulator itself, or the whole smoother on the local cloud. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Smoother, startProxy } from '../../client/index.ts';
import { startBedrockSimulator } from '../../local/bedrock/simulator.ts';
import { startLocalSmoother } from '../run/local-smoother.ts';
import type { Client } from './clients.ts';

export const WAYS = ['simulator', 'sidecar', 'library'] as const;
export type Way = (typeof WAYS)[number];

/** What runs meanwhile. */
export interface OpenWays {
  /** Environment variables for the scripts, by way. */
  environments: Partial<Record<Way, Record<string, string>>>;
  close(): Promise<void>;
}

const LATENCY_MS = 50;
/** Some read the one variable, some the other. */
const REGIONS = { AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-east-1' };
/** A stream of the simulator has several pieces; one of the smoother comes in one go. */
const STREAMED_PIECES = 3;

/** The library is for JavaScript; everybody else has the sidecar. */
export function isPossible({ language }: Client, way: Way): boolean {
  return way !== 'library' || language === 'node';
}

/** Starts what the ways need. */
export async function openWays(ways: readonly Way[]): Promise<OpenWays> {
  const closing: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const closeOne of closing.splice(0).reverse()) await closeOne();
  };
  const environments: OpenWays['environments'] = {};
  try {
    if (ways.includes('simulator')) {
      const simulator = await startBedrockSimulator({ latencyMedianMs: LATENCY_MS });
      closing.push(simulator.close);
      environments.simulator = { ...addressed(simulator.url), FEWEST_PIECES: String(STREAMED_PIECES) };
    }
    if (ways.some((way) => way !== 'simulator')) {
      const { sidecar, library } = await openSmoother(closing);
      Object.assign(environments, { sidecar: addressed(sidecar), library });
    }
    return { environments, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openSmoother(closing: (() => Promise<void> | void)[]) {
  const local = await startLocalSmoother({
    models: [],
    quota: { requestsPerMinute: 6_000, tokensPerMinute: 10_000_000 },
    latencyMedianMs: LATENCY_MS,
  });
  closing.push(local.stop);
  const { endpoint, operator, outputs } = local.cloud;
  const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-request-smoother-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'outputs.json');
  writeFileSync(file, JSON.stringify(outputs));
  const smoother = new Smoother({ outputs: file, endpoint, credentials: operator });
  closing.push(() => smoother.destroy());
  const proxy = await startProxy(smoother.calls(), { port: 0 });
  closing.push(() => proxy.close());
  const library = {
    SMOOTHER_OUTPUTS: file,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: operator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: operator.secretAccessKey,
    ...REGIONS,
  };
  return { sidecar: proxy.url, library };
}

/** An address is all that a client is told. Those that do not know the AWS SDKs' variable have one of their own. */
function addressed(url: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_BEDROCK_RUNTIME: url,
    AWS_BEDROCK_RUNTIME_ENDPOINT: url,
    ANTHROPIC_BEDROCK_BASE_URL: url,
    ...REGIONS,
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
  };
}
