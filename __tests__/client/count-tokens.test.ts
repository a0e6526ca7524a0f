import type { ServerResponse } from 'node:http';
import { CountTokensCommand } from '@aws-sdk/client-bedrock-runtime';
import { afterEach, expect, it, vi } from 'vitest';
import { Smoother } from '../../src/client/index.ts';
import { listen } from '../../src/wire/listener.ts';

afterEach(() => vi.unstubAllEnvs());

it('tokens are counted with the credentials and in the Region of the client', async () => {
  const asked: unknown[] = [];
  const bedrock = await listen({ host: '127.0.0.1', port: 0 }, ({ headers }, response) => {
    asked.push(headers.authorization);
    const answer = response as ServerResponse;
    answer.writeHead(200, { 'content-type': 'application/json' }).end('{"inputTokens":7}');
  });
  vi.stubEnv('AWS_ENDPOINT_URL_BEDROCK_RUNTIME', bedrock.url);
  const outputs = {
    region: 'us-east-1',
    input_queue_url: 'q',
    requests_table_name: 't',
    bedrock_calls_bucket_name: 'b',
  };
  const credentials = { accessKeyId: 'GIVEN', secretAccessKey: 'secret' };
  const smoother = new Smoother({ outputs, region: 'eu-west-1', credentials });
  const messages = [{ role: 'user' as const, content: [{ text: 'hi' }] }];
  const command = new CountTokensCommand({ modelId: 'm', input: { converse: { messages } } });
  expect(await smoother.bedrock().send(command)).toMatchObject({ inputTokens: 7 });
  expect(String(asked[0])).toMatch(/Credential=GIVEN\/\d+\/eu-west-1\/bedrock/);
  smoother.destroy();
  await bedrock.close();
});
