import { createServer } from 'node:net';
import { DescribeTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { problemOf } from '../../../src/cli/terminal/problems.ts';
import { MissingToolError } from '../../../src/lab/external/errors.ts';
import { startEmulators } from '../../../src/local/emulators.ts';

const failureOf = (work: Promise<unknown>) => work.then(() => undefined).catch((error: unknown) => error);
const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };

describe('what a user can do something about is said in one line', () => {
  it('a missing program', () => {
    expect(problemOf(new MissingToolError('moto', 'not found'))).toBe('moto: not found');
  });

  it('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const second = createServer().listen(port, '127.0.0.1');
    const error = await new Promise((resolve) => second.once('error', resolve));
    expect(problemOf(error)).toMatch(/EADDRINUSE.*choose another --port$/);
    await new Promise((resolve) => server.close(resolve));
  });

  it('no Region, and no such table, by the name that AWS gives it', async () => {
    const emulators = await startEmulators();
    const region = process.env.AWS_REGION;
    delete process.env.AWS_REGION;
    const nowhere = new DynamoDBClient({ endpoint: emulators.dynamodbUrl, credentials });
    const here = new DynamoDBClient({ endpoint: emulators.dynamodbUrl, credentials, region: 'us-east-1' });
    try {
      expect(problemOf(await failureOf(nowhere.send(new ListTablesCommand({}))))).toContain('set AWS_REGION');
      expect(problemOf(await failureOf(here.send(new DescribeTableCommand({ TableName: 'none' }))))).toMatch(
        /^there is no such table.*ResourceNotFoundException/,
      );
    } finally {
      if (region !== undefined) process.env.AWS_REGION = region;
      nowhere.destroy();
      here.destroy();
      await emulators.stop();
    }
  });

  it('an endpoint that nobody listens at', async () => {
    const client = new DynamoDBClient({
      endpoint: 'http://127.0.0.1:9',
      credentials,
      region: 'us-east-1',
      maxAttempts: 1,
    });
    expect(problemOf(await failureOf(client.send(new ListTablesCommand({}))))).toContain(
      'ECONNREFUSED 127.0.0.1:9',
    );
    client.destroy();
  });

  it('a bug of ours is none of these', () => {
    expect(problemOf(new TypeError('x is not a function'))).toBeUndefined();
  });
});
