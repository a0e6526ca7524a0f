import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { lambdaClient, sqsClient } from '../../src/aws/clients.ts';
import { lambdaWaker } from '../../src/aws/lambda.ts';

let server: Server;
let asked: IncomingHttpHeaders[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.headers);
    request
      .resume()
      .on('end', () => response.writeHead(202, { 'content-type': 'application/json' }).end('{}'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  asked = [];
  // As in a Lambda function that a traced message has started.
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'smoother-request-ingestion');
  vi.stubEnv('_X_AMZN_TRACE_ID', 'Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=1:a87bd80c:16');
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
});

it('waking a leader does not pass on the chain of calls that Lambda would stop', async () => {
  const client = lambdaClient();
  await lambdaWaker(client, 'smoother-prioritization').wake(['amazon.nova-lite:geo']);
  client.destroy();
  expect(asked).toHaveLength(1);
  expect(asked[0]).not.toHaveProperty('x-amzn-trace-id');
});

it('any other call does, as the control shows', async () => {
  const client = sqsClient();
  await client.send(new GetQueueUrlCommand({ QueueName: 'q' }));
  client.destroy();
  expect(asked[0]).toHaveProperty('x-amzn-trace-id', expect.stringContaining('Lineage'));
});
