import { expect, it } from 'vitest';
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
