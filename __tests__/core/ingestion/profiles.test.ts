import { describe, expect, it } from 'vitest';
import { retryMessageOf } from '../../../src/core/operations/retry.ts';
import type { RequestRecord } from '../../../src/core/request/record.ts';
import { resultOf } from '../../../src/core/request/result.ts';
import { createMemoryCloud } from '../../../src/memory/cloud.ts';
import { createWorld, messageOf, requestBody } from '../../fixtures/ingestion-world.ts';

const PROFILE = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6';
const SOURCE = 'us.anthropic.claude-sonnet-4-6';

/** Ingestion with these profiles configured; they can be replaced. */
function worldWith(profiles: Record<string, string>) {
  const variables = { application_inference_profiles: profiles };
  const { settings } = createMemoryCloud().ports;
  const world = createWorld((ports) => ({
    ...ports,
    settings: { read: async () => ({ ...(await settings.read()), ...variables }) },
  }));
  return { ...world, variables };
}

it('an application inference profile shares the lane of what it was made from, and is called by its ARN', async () => {
  const { ingest, requests } = worldWith({ [PROFILE]: SOURCE });
  await ingest(
    messageOf(requestBody({ model_id: PROFILE }), { id: 'profile' }),
    messageOf(requestBody({ model_id: SOURCE }), { id: 'source' }),
  );
  const [profile, source] = requests();
  expect(profile).toMatchObject({ model_id: PROFILE, lane: 'anthropic.claude-sonnet-4-6:geo' });
  expect(source).toMatchObject({ model_id: SOURCE, lane: profile?.lane });
  expect(profile?.input_tokens).toBe(source?.input_tokens);
});

it('one that is not configured has a lane of its own', async () => {
  const { ingest, requests } = worldWith({});
  await ingest(messageOf(requestBody({ model_id: PROFILE })));
  expect(requests()).toMatchObject([{ lane: 'application-inference-profile.a1b2c3d4e5f6:on-demand' }]);
});

it('what is configured later acts within ten seconds', async () => {
  const { ingest, requests, variables, clock } = worldWith({});
  await ingest(messageOf(requestBody({ model_id: PROFILE }), { id: 'before' }));
  variables.application_inference_profiles = { [PROFILE]: SOURCE };
  clock.time += 10_000;
  await ingest(messageOf(requestBody({ model_id: PROFILE }), { id: 'after' }));
  expect(requests()[1]).toMatchObject({ lane: 'anthropic.claude-sonnet-4-6:geo' });
});

it("its body is judged by the maker's format", async () => {
  const { ingest, cloud } = worldWith({ [PROFILE]: 'cohere.command-r-v1:0' });
  const body = { message: 'hi', max_tokens: 1.5 };
  await ingest(messageOf({ request_id: 'odd', model_id: PROFILE, invoke_model: { body } }));
  expect(cloud.sent).toMatchObject([
    {
      status: 'REJECTED',
      error: { message: 'invoke_model.body: max tokens must be a whole number from 0, got 1.5' },
    },
  ]);
});

describe("a tenant's own profile", () => {
  const tenantProfiles = { acme: { [SOURCE]: PROFILE } };
  const settings = { tenant_inference_profiles: tenantProfiles };
  const OWN = requestBody({ request_id: 'own', model_id: SOURCE, tenant: 'acme' });

  it('is called, and the request stays in the lane of the model and in the words of its producer', async () => {
    const { ingest, requests, cloud } = createWorld(undefined, settings);
    await ingest(
      messageOf(OWN, { id: 'own' }),
      messageOf(requestBody({ model_id: SOURCE, tenant: 'other' }), { id: 'other' }),
      messageOf(requestBody({ model_id: 'us.amazon.nova-lite-v1:0', tenant: 'acme' }), { id: 'nova' }),
      messageOf(requestBody({ model_id: PROFILE }), { id: 'by-arn' }),
    );
    const lane = 'anthropic.claude-sonnet-4-6:geo';
    const own = requests().find(({ request_id }) => request_id === 'own') as RequestRecord;
    expect(own).toMatchObject({ lane, model_id: PROFILE, asked_model_id: SOURCE });
    const others = requests()
      .filter((it) => it !== own)
      .sort((a, b) => a.request_id.localeCompare(b.request_id));
    expect(others.map((it) => [it.request_id, it.lane, it.model_id, it.asked_model_id])).toEqual([
      ['by-arn', lane, PROFILE, undefined],
      ['nova', 'amazon.nova-lite:geo', 'us.amazon.nova-lite-v1:0', undefined],
      ['other', lane, SOURCE, undefined],
    ]);
    const ended: RequestRecord = { ...own, status: 'COMPLETED', finished_at: 1 };
    expect(resultOf(ended).model_id).toBe(SOURCE);
    const call = { payload: { v: 1, operation: 'converse', converse: {} }, body: '{}' } as const;
    expect(JSON.parse(retryMessageOf(ended, call)).model_id).toBe(SOURCE);
    expect(await cloud.ports.registry.list()).toContainEqual(
      expect.objectContaining({ lane, model_id: SOURCE }),
    );
  });

  it('does not make another request of what was sent before it was configured', async () => {
    const { ingest, requests } = createWorld(undefined, settings);
    const before = createWorld();
    await before.ingest(messageOf(OWN));
    await ingest(messageOf(OWN));
    expect(requests()[0]?.content_hash).toBe(before.requests()[0]?.content_hash);
  });

  it.each([
    [PROFILE.replace('us-east-1', 'eu-west-1'), 'Region us-east-1, where the smoother runs, got eu-west-1'],
    [PROFILE.replace('123456789012', '210987654321'), 'account 123456789012, where the smoother runs'],
  ])('that cannot be called from here, %s, refuses the request and says why', async (arn, why) => {
    const { ingest, cloud } = createWorld(undefined, {
      tenant_inference_profiles: { acme: { [SOURCE]: arn } },
    });
    await ingest(messageOf(OWN));
    expect(cloud.sent).toMatchObject([{ status: 'REJECTED' }]);
    expect(cloud.sent[0]?.error?.message).toContain('tenant: its inference profile for');
    expect(cloud.sent[0]?.error?.message).toContain(why);
  });
});
