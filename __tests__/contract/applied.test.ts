/** What `npm run e2e:terraform` does between apply and destroy, on a stack that something else has put there. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, inject, it } from 'vitest';
import { runApplied } from '../../src/cli/report/run-applied.ts';
import { printer } from '../../src/cli/terminal/printer.ts';
import type { StackJson } from '../../src/lab/external/checkov.ts';
import { emulatorOverride } from '../../src/lab/external/emulated-stack.ts';
import { ExternalToolError } from '../../src/lab/external/errors.ts';
import { leftovers } from '../../src/lab/external/leftovers.ts';
import { EXAMPLE_EMAIL } from '../../src/lab/run/local-smoother.ts';
import { startLocalCloud } from '../../src/local/local-cloud.ts';

const endpoint = process.env.SMOOTHER_TEST_ENDPOINT ?? '';
const MODEL = 'us.amazon.nova-lite-v1:0';

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

/** The stack without anything that would start a function. */
function atRest(stack: StackJson): object {
  const { aws_cloudwatch_event_target: _, ...resource } = stack.resource;
  const { resource: override } = emulatorOverride(stack, endpoint) as {
    resource: Record<string, Record<string, object>>;
  };
  const mappings = Object.entries(resource.aws_lambda_event_source_mapping ?? {}).map(([name, mapping]) => [
    name,
    { ...(mapping as object), ...override.aws_lambda_event_source_mapping?.[name] },
  ]);
  return {
    ...stack,
    resource: { ...resource, aws_lambda_event_source_mapping: Object.fromEntries(mappings) },
  };
}

const standing = async () =>
  (await leftovers({ dynamodbUrl: endpoint, sqsUrl: endpoint, s3Url: endpoint })).filter((name) =>
    name.includes('bedrock-request-smoother'),
  );

it.runIf(endpoint)(
  'the functions work on what was applied elsewhere, and leave it standing',
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'smoother-applied-'));
    cleanup.push(() => rmSync(folder, { recursive: true }));
    const input = path.join(folder, 'requests.jsonl');
    const requests = [1, 2, 3].map((n) => ({
      request_id: `r${n}`,
      model_id: MODEL,
      converse: {
        messages: [{ role: 'user', content: [{ text: `${n}` }] }],
        inferenceConfig: { maxTokens: 20 },
      },
    }));
    writeFileSync(input, requests.map((request) => `${JSON.stringify(request)}\n`).join(''));
    const synthesis = inject('synthesis');
    const applied = await startLocalCloud({
      stack: atRest(synthesis.stack as StackJson),
      assetsFolder: synthesis.folder,
      variables: { notification_email: EXAMPLE_EMAIL },
      bedrockUrl: 'http://127.0.0.1:9',
      backendUrl: endpoint,
    });
    cleanup.push(applied.stop);
    const stood = await standing();
    expect(stood.length).toBeGreaterThan(5);
    const outputs = Object.fromEntries(
      Object.entries(applied.outputs).map(([name, value]) => [name, { value }]),
    );

    const shown: string[] = [];
    const print = printer(undefined, { write: (text) => void shown.push(text) });
    const signal = new AbortController().signal;
    const clean = await runApplied({ synthesis, outputs, endpoint }, input, print, signal);
    expect(shown.join('')).toMatch(/\b3\b/);
    expect(clean).toBe(true);
    expect(applied.calls().filter(({ principal }) => principal !== 'operator')).toEqual([]);
    expect(await standing()).toEqual(stood);

    const renamed = { ...outputs, requests_table_name: { value: 'another' } };
    await expect(runApplied({ synthesis, outputs: renamed, endpoint }, input, print, signal)).rejects.toThrow(
      ExternalToolError,
    );
    await applied.stop();
    expect(await standing()).toEqual([]);
  },
  300_000,
);
