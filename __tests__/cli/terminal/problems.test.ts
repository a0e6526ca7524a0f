import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DescribeTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { problemOf } from '../../../src/cli/terminal/problems.ts';
import { startProxy } from '../../../src/client/index.ts';
import { UnknownDeadLetterError } from '../../../src/core/operations/errors.ts';
import { MissingToolError } from '../../../src/lab/external/errors.ts';
import { readVariables } from '../../../src/lab/run/variables.ts';
import { startEmulators } from '../../../src/local/emulators.ts';

const failureOf = (work: Promise<unknown>) => work.then(() => undefined).catch((error: unknown) => error);
const messageOf = (error: unknown) => problemOf(error)?.message;
const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };

describe('what a user can do something about is said in one line', () => {
  it('a missing program', () => {
    expect(messageOf(new MissingToolError('moto', 'not found'))).toBe('moto: not found');
  });

  it('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const second = createServer().listen(port, '127.0.0.1');
    const error = await new Promise((resolve) => second.once('error', resolve));
    expect(messageOf(error)).toMatch(/EADDRINUSE.*choose another --port$/);
    await new Promise((resolve) => server.close(resolve));
  });

  it('no Region, and no such table, by the name that AWS gives it', async () => {
    const emulators = await startEmulators();
    const region = process.env.AWS_REGION;
    delete process.env.AWS_REGION;
    const nowhere = new DynamoDBClient({ endpoint: emulators.dynamodbUrl, credentials });
    const here = new DynamoDBClient({ endpoint: emulators.dynamodbUrl, credentials, region: 'us-east-1' });
    try {
      expect(messageOf(await failureOf(nowhere.send(new ListTablesCommand({}))))).toContain('set AWS_REGION');
      expect(messageOf(await failureOf(here.send(new DescribeTableCommand({ TableName: 'none' }))))).toMatch(
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
    expect(messageOf(await failureOf(client.send(new ListTablesCommand({}))))).toContain(
      'ECONNREFUSED 127.0.0.1:9',
    );
    client.destroy();
  });

  it('what is wrong with a tfvars file, as a mistake of usage', async () => {
    const file = path.join(tmpdir(), `smoother-problems-${process.pid}.tfvars`);
    writeFileSync(file, 'name_prefix = "A"\n');
    const problem = problemOf(await failureOf(readVariables(file)));
    rmSync(file);
    expect(problem?.exitCode).toBe(2);
    expect(problem?.message.split('\n')).toEqual([
      expect.stringMatching(/:1: name_prefix: name_prefix must be 3 to 24/),
      expect.stringMatching(/notification_email: a value is required/),
    ]);
  });

  it('options that do not go together, as a mistake of usage', async () => {
    const calls = {} as Parameters<typeof startProxy>[0];
    const problem = problemOf(await failureOf(startProxy(calls, { port: 0, host: '0.0.0.0' })));
    expect(problem).toEqual({ message: expect.stringContaining('a token must be given'), exitCode: 2 });
  });

  it('a dead letter of reporting that is not Lambda’s, and what to do with it', () => {
    expect(messageOf(new UnknownDeadLetterError('m1'))).toBe(
      "Dead letter m1 is not one of Lambda's (it has no DDBStreamBatchInfo); drop it: smoother dead-letters drop --queue reporting --id m1",
    );
  });

  it('a bug of ours is none of these', () => {
    expect(messageOf(new TypeError('x is not a function'))).toBeUndefined();
  });
});
