import { BedrockRuntimeClient, type BedrockRuntimeClientConfig } from '@aws-sdk/client-bedrock-runtime';
import { afterEach } from 'vitest';
import type { SimulatorOptions } from '../../../src/local/bedrock/options.ts';
import { startBedrockSimulator } from '../../../src/local/bedrock/simulator.ts';

export const HAIKU = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

/** A simulator that answers at once, and an unmodified client of it. Both end with the test. */
export async function start(options: SimulatorOptions = {}, config: BedrockRuntimeClientConfig = {}) {
  const simulator = await startBedrockSimulator({ latencyMedianMs: 1, ...options });
  const client = new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: simulator.url,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
    ...config,
  });
  open.push({ close: async () => client.destroy() }, simulator);
  return { simulator, client };
}
