/** Real payloads that went wrong somewhere, and what becomes of them: fixtures/cases/README.md tells what each is about. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { quotaIn } from '../src/aws/service-quotas/quota-names.ts';
import { linesOf } from '../src/client/lines.ts';
import { Ingestion } from '../src/core/ingestion/ingestion.ts';
import { outputLimitOf } from '../src/core/lane/catalog/catalog.ts';
import { readPayload } from '../src/core/request/payload.ts';
import type { RequestRecord } from '../src/core/request/record.ts';
import { readVariables } from '../src/lab/run/variables.ts';
import quotaNames from './fixtures/cases/06-quota-names.json' with { type: 'json' };
import { createWorld, messageOf } from './fixtures/ingestion-world.ts';
import { start } from './local/bedrock/world.ts';

const HOME = { accountId: '111122223333', region: 'us-east-1' };
const fileOf = (name: string) => path.join(import.meta.dirname, 'fixtures/cases', name);

/** What ingestion makes of lines: records by request id, and the stored calls. */
async function ingested(lines: readonly string[]) {
  const { cloud, records } = createWorld((ports) => ports);
  const ports = { ...cloud.ports, clock: { now: () => 0 }, random: () => 0, log: () => undefined };
  const ingestion = new Ingestion(ports, { bucket: 'calls', home: HOME, longestWaitSeconds: 86_400 });
  const failed = await ingestion.ingest(lines.map((line, index) => messageOf(line, { id: `m${index}` })));
  expect(failed).toEqual([]);
  const byId = new Map(records().map((record) => [record.request_id, record]));
  const rejections = new Map(cloud.sent.map((result) => [result.request_id, result]));
  return {
    statusOf: (id: string) => (rejections.get(id) ?? byId.get(id))?.status,
    errorOf: (id: string) => rejections.get(id)?.error?.message,
    record: (id: string) => byId.get(id) as RequestRecord,
    call: async (id: string) =>
      readPayload(await cloud.ports.payloads.get((byId.get(id) as RequestRecord).payload_key)),
  };
}

async function fileIngested(name: string) {
  const lines: string[] = [];
  for await (const line of linesOf(fileOf(name))) lines.push(line);
  return ingested(lines);
}

describe('ingestion', () => {
  it('01: an ARN of another Region is rejected at the door, and closes no lane', async () => {
    const { statusOf, errorOf } = await fileIngested('01-lane-blackout-wrong-arn.jsonl');
    for (const id of ['bad-0', 'bad-1']) {
      expect(statusOf(id)).toBe('REJECTED');
      expect(errorOf(id)).toContain('eu-west-1');
    }
    for (let i = 0; i < 12; i += 1) expect(statusOf(`good-${i}`)).toBe('RECEIVED');
  });

  it('02, 03, 04: max tokens stay unset where they must, and thinking is known', async () => {
    const nova = await fileIngested('02-nova2-high-effort.jsonl');
    for (const id of ['nova2-high', 'nova2-high-invoke']) {
      expect(nova.record(id).max_tokens).toBe(outputLimitOf('us.amazon.nova-2-lite-v1:0'));
    }
    const thinking = await fileIngested('03-thinking-budget-no-maxtokens.jsonl');
    expect(thinking.record('thinking-nomax')).toMatchObject({ thinking_tokens: 8_000 });
    const prompt = await fileIngested('04-stored-prompt-arn.jsonl');
    expect(prompt.record('prompt-arn').max_tokens).toBeGreaterThan(0);
    expect((await prompt.call('prompt-arn')).body).toBe('{"promptVariables":{"topic":{"text":"tea"}}}');
  });

  it('05: whole numbers beyond 2^53 are stored digit by digit', async () => {
    const { call } = await fileIngested('05-big-integers.jsonl');
    const { body } = await call('bigint-tool');
    const digits = ['2512292042121000001', '0.10', '12345678901234567890', '9007199254740993'];
    for (const number of [...digits, '18446744073709551615']) expect(body).toContain(number);
    expect((await call('bigint-invoke')).body).toContain('9223372036854775807');
  });

  it('07, 08: max tokens as text, and documented defaults, are counted as what they are', async () => {
    const asText = await fileIngested('07-max-tokens-as-text.jsonl');
    expect(asText.record('anth-maxstr').max_tokens).toBe(200);
    const defaults = await fileIngested('08-titan-default-max.jsonl');
    for (const [id, tokens] of [
      ['titantext', 512],
      ['titan-ft', 512],
      ['llama', 512],
      ['command', 20],
    ] as const) {
      expect(defaults.record(id).max_tokens).toBe(tokens);
    }
  });

  it('09: half a megabyte of base64 is an image, a sound or a film, and no text', async () => {
    const base64 = (bytes: number) => 'A'.repeat(Math.floor(bytes / 3) * 4);
    const audio = { type: 'input_audio', input_audio: { data: base64(500_000), format: 'mp3' } };
    const bodies: [id: string, model: string, body: object][] = [
      ['titan-img', 'amazon.titan-embed-image-v1', { inputText: 'x', inputImage: base64(300_000) }],
      [
        'cohere-img',
        'cohere.embed-english-v3',
        { input_type: 'image', images: [`data:image/png;base64,${base64(500_000)}`] },
      ],
      [
        'llama-vision',
        'us.meta.llama3-2-11b-instruct-v1:0',
        { prompt: '<|image|>hi', images: [base64(500_000)], max_gen_len: 100 },
      ],
      [
        'voxtral',
        'mistral.voxtral-mini-3b-2507',
        { messages: [{ role: 'user', content: [audio] }], max_tokens: 100 },
      ],
      [
        'pegasus-b64',
        'twelvelabs.pegasus-1-2-v1:0',
        { inputPrompt: 'x', mediaSource: { base64String: base64(500_000) } },
      ],
    ];
    const { record } = await ingested(
      bodies.map(([request_id, model_id, body]) =>
        JSON.stringify({ request_id, model_id, invoke_model: { body } }),
      ),
    );
    for (const [id] of bodies) {
      expect(record(id)).toMatchObject({ status: 'RECEIVED', input_kind: expect.any(String) });
      expect(record(id).input_tokens).toBeLessThan(6_000);
    }
  });

  it('10: ARNs that the role may call are accepted; those of another Region or service are not', async () => {
    const { statusOf, errorOf } = await fileIngested('10-arns-role-cannot-call.jsonl');
    for (const id of ['imported', 'cmd', 'router', 'router2']) expect(statusOf(id)).toBe('RECEIVED');
    expect(errorOf('provisioned')).toContain('us-west-2');
    expect(statusOf('sagemaker')).toBe('REJECTED');
  });

  it('15: InvokeModel’s guardrail is stored with the call', async () => {
    const { call } = await fileIngested('15-invoke-model-guardrail.jsonl');
    const { payload } = await call('anth-guardrail');
    expect(payload).toMatchObject({ invoke_model: { guardrailIdentifier: 'gr', guardrailVersion: '1' } });
  });

  it('19: a byte order mark before the first line is not part of it', async () => {
    const { errorOf, statusOf } = await fileIngested('19-bom-first-line.jsonl');
    // The models are of a partition other than this account's: that is what is said of the second, by its ARN.
    expect(statusOf('first-line')).toBe('RECEIVED');
    expect(errorOf('govarn')).toContain('us-gov-west-1');
    expect(statusOf('third')).toBe('RECEIVED');
  });
});

describe('the simulator', () => {
  it.each(['17-simulator-refuses-valid.jsonl', '18-own-account-arn-locally.jsonl'])(
    'takes %s as it is',
    async (name) => {
      const { simulator } = await start({ accountId: HOME.accountId });
      for await (const line of linesOf(fileOf(name))) {
        const { request_id, model_id, converse, invoke_model } = JSON.parse(line);
        const operation = converse === undefined ? 'invoke' : 'converse';
        const response = await fetch(`${simulator.url}/model/${encodeURIComponent(model_id)}/${operation}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(converse ?? invoke_model.body),
        });
        expect([request_id, response.status, await response.text()]).toEqual([
          request_id,
          200,
          expect.any(String),
        ]);
      }
    },
  );
});

it.each(quotaNames)('06: %s is found for %s', (QuotaName, modelId) => {
  const unit = /requests per/.test(QuotaName) ? 'requests' : 'tokens';
  expect(quotaIn([{ QuotaName, Value: 7 }], modelId, unit)).toBe(7);
});

describe('a file of values is read as Terraform reads it', () => {
  it.each([
    ['tf-constant-arithmetic.tfvars', { payload_retention_days: 28 }],
    ['tf-conditional.tfvars', { force_destroy: false }],
    ['tf-json-comment.tfvars.json', {}],
    ['tf-undeclared.tfvars', {}],
  ])('%s is accepted', async (name, values) => {
    const loaded = await readVariables(fileOf(name));
    expect(loaded.values).toEqual({ notification_email: 'ops@example.com', ...values });
    expect(loaded.warnings).toHaveLength(name === 'tf-undeclared.tfvars' ? 2 : 0);
  });

  it.each([
    ['tf-key-with-variable.tfvars', 'Variables not allowed'],
    ['tf-variable-reference-message.tfvars', 'Variables not allowed'],
    ['tf-email-heredoc.tfvars', 'notification_email must be an e-mail address'],
  ])('%s is refused', async (name, words) => {
    await expect(readVariables(fileOf(name))).rejects.toThrow(words);
  });
});
