/** A denial is held against the model id only where the call names nothing else that Bedrock may have denied. */
import { describe, expect, it } from 'vitest';
import { isAboutModelId } from '../../../src/core/invocation/retry-policy.ts';
import { runWorker } from '../../../src/core/invocation/worker.ts';
import { slotReportOf } from '../../../src/core/lane/call-counters.ts';
import { DeniedModels } from '../../../src/core/lane/engine/denied-models.ts';
import { endsOf } from '../../../src/core/lane/engine/report-deltas.ts';
import type { InvokeParameters, Payload } from '../../../src/core/request/payload.ts';
import { LANE, MODEL, World } from '../../fixtures/invocation-world.ts';

const s3Location = { uri: 's3://somebody-else/x' };
const TEXT = { text: 'Describe it' };

function converse(content: unknown[], rest: object = {}): Payload {
  return { v: 1, operation: 'converse', converse: { messages: [{ role: 'user', content }], ...rest } };
}

function invoke(body: unknown, rest: Partial<InvokeParameters> = {}): Payload {
  const parameters = { content_type: 'application/json', accept: 'application/json', ...rest };
  return { v: 1, operation: 'invoke_model', invoke_model: { body, ...parameters } };
}

/** As Anthropic's bodies have it. */
const toolOf = (input_schema: object) => ({ name: 'fetch', input_schema });

const IMAGE = converse([{ image: { format: 'png', source: { s3Location } } }, TEXT]);

describe('a denied call', () => {
  it.each<[string, Payload]>([
    ['an image', IMAGE],
    ['a document', converse([{ document: { name: 'd', source: { s3Location } } }])],
    ['a video', converse([{ video: { format: 'mp4', source: { s3Location } } }])],
    ['a sound', converse([{ audio: { format: 'mp3', source: { s3Location } } }])],
    [
      'an image in the answer of a tool',
      converse([
        { toolResult: { toolUseId: 't', content: [{ image: { format: 'png', source: { s3Location } } }] } },
      ]),
    ],
    ['a guardrail', converse([TEXT], { guardrailConfig: { guardrailIdentifier: 'g' } })],
    [
      'a tool that Bedrock runs',
      converse([TEXT], { toolConfig: { tools: [{ systemTool: { name: 'nova_grounding' } }] } }),
    ],
    ['a guardrail beside a body', invoke({}, { guardrailIdentifier: 'g' })],
    [
      'an image in a body',
      invoke({ messages: [{ content: [{ image: { format: 'png', source: { s3Location } } }] }] }),
    ],
    ['a film in a body', invoke({ inputPrompt: 'x', mediaSource: { s3Location } })],
    [
      'an image at an address',
      invoke({
        messages: [{ content: [{ type: 'image', source: { type: 'url', url: 'https://x/y.png' } }] }],
      }),
    ],
  ])('with %s says nothing of its model id', (_, payload) => {
    expect(isAboutModelId(payload)).toBe(false);
  });

  it.each<[string, Payload]>([
    ['text', converse([TEXT])],
    ['media of its own', converse([{ image: { format: 'png', source: { bytes: 'aGk=' } } }])],
    [
      'addresses in what a tool has found',
      converse([{ toolResult: { toolUseId: 't', content: [{ json: [{ url: 'https://x/y' }] }] } }]),
    ],
    [
      'an address among what the caller says about it',
      converse([TEXT], { requestMetadata: { url: 'https://x' } }),
    ],
    [
      'an address beside a body, among what the caller says about it',
      invoke({}, { requestMetadata: { url: 'https://x' } }),
    ],
    ['a tool that takes an address in S3', invoke({ tools: [toolOf({ properties: { s3Uri: {} } })] })],
    [
      'a tool whose schema has a type url',
      invoke({ tools: [toolOf({ properties: { page: { type: 'url' } } })] }),
    ],
    ['a body without any of them', invoke({ messages: [{ role: 'user', content: 's3://x/y' }] })],
  ])('with %s is about its model id', (_, payload) => {
    expect(isAboutModelId(payload)).toBe(true);
  });
});

/** Whether the requests of the model wait after such a call of one tenant was denied again and again. */
async function stopsModel(payload: Payload): Promise<boolean> {
  const world = new World();
  world.script = [{ kind: 'denied', type: 'AccessDeniedException', message: 'No access' }];
  const ids = ['r1', 'r2', 'r3'];
  const bundle = await world.release(ids);
  for (const id of ids) {
    await world.cloud.ports.payloads.put((await world.record(id)).payload_key, JSON.stringify(payload));
  }
  await runWorker(world.ports, bundle);
  expect(world.calls).toHaveLength(ids.length);
  for (const id of ids) expect(await world.record(id)).toMatchObject({ status: 'RECEIVED', denials: 1 });
  const models = new DeniedModels({ served: [MODEL], denied: [] });
  const reports = await world.cloud.ports.reports.since(LANE, 0);
  models.observe(
    world.now,
    reports.map((report) => endsOf(slotReportOf(report), 0)),
  );
  return models.holdsBack(MODEL);
}

describe('the model, after one tenant was denied three times,', () => {
  it('goes on for everybody when what was denied may be its media', async () => {
    expect(await stopsModel(IMAGE)).toBe(false);
  });

  it('stops when nothing else can have been meant', async () => {
    expect(await stopsModel(converse([TEXT]))).toBe(true);
  });
});
