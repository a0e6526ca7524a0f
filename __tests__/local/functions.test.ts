// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Terraform expressions
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetAccountSettingsCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SmallCloud, smallStack, startSmallCloud } from './small-stack.ts';

const POLLING = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
/** Ends once two processes are in the folder. */
const MEET = `
  const fs = require("node:fs");
  fs.writeFileSync(event.folder + "/" + process.pid, "");
  while (fs.readdirSync(event.folder).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  return process.pid;
`;

let cloud: SmallCloud;
let lambda: LambdaClient;

beforeAll(async () => {
  process.env.DEVELOPERS_SECRET = 'must not be seen';
  cloud = await startSmallCloud(
    await smallStack(
      {
        environment: { code: 'return process.env', environment: { TABLE: 'orders' } },
        counter: {
          code: 'globalThis.count = (globalThis.count ?? 0) + 1; return { count, pid: process.pid }',
        },
        meeter: { code: MEET },
        context: { code: 'return { ...context, remaining: context.getRemainingTimeInMillis() }' },
        thrower: { code: 'throw new TypeError("no such luck")' },
        leaver: { code: 'process.exit(7)' },
        sleeper: {
          code: 'if (event.stop) return process.pid; console.log("asleep " + process.pid); for (;;);',
          timeout: 1,
        },
        sitter: {
          code: 'if (event.stop) return process.pid; console.log("seated " + process.pid); await new Promise(() => setInterval(() => {}, 1000))',
        },
        speaker: { code: 'console.log("one\\ntwo"); return null', actions: POLLING },
      },
      {
        aws_sqs_queue: { texts: { name: 'texts' } },
        aws_lambda_event_source_mapping: {
          texts: {
            event_source_arn: '${aws_sqs_queue.texts.arn}',
            function_name: '${aws_lambda_function.speaker.arn}',
            enabled: false,
            scaling_config: { maximum_concurrency: 7 },
          },
        },
      },
    ),
  );
  lambda = new LambdaClient(cloud.client);
});

afterAll(async () => {
  delete process.env.DEVELOPERS_SECRET;
  lambda.destroy();
  await cloud.stop();
});

async function invoke(name: string, event: unknown = {}) {
  const { Payload, FunctionError } = await lambda.send(
    new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) }),
  );
  return { answer: JSON.parse(Payload?.transformToString() ?? 'null'), failed: FunctionError !== undefined };
}

describe('the configuration of a function', () => {
  it('is what the stack declares, its triggers too', async () => {
    const FunctionName = 'speaker';
    const [configuration, { EventSourceMappings }, { AccountLimit }] = await Promise.all([
      lambda.send(new GetFunctionConfigurationCommand({ FunctionName })),
      lambda.send(new ListEventSourceMappingsCommand({ FunctionName })),
      lambda.send(new GetAccountSettingsCommand({})),
    ]);
    expect(configuration).toMatchObject({ FunctionName, State: 'Active', Handler: 'index.handler' });
    expect(configuration.CodeSha256).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(EventSourceMappings).toMatchObject([
      { State: 'Disabled', ScalingConfig: { MaximumConcurrency: 7 } },
    ]);
    expect(AccountLimit?.ConcurrentExecutions).toBe(1_000);
  });

  it('is not there for a function that is not', async () => {
    const unknown = new GetFunctionConfigurationCommand({ FunctionName: 'nobody' });
    await expect(lambda.send(unknown)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('the environment of a function', () => {
  it('is what the stack gives and what Lambda adds, and nothing of the shell', async () => {
    const { answer } = await invoke('environment');
    expect(answer).toMatchObject({
      TABLE: 'orders',
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'environment',
      AWS_ENDPOINT_URL: cloud.endpoint,
      _HANDLER: 'index.handler',
    });
    expect(answer.AWS_ACCESS_KEY_ID).not.toBe(cloud.operator.accessKeyId);
    expect(answer.HOME).not.toBe(process.env.HOME);
    expect(Object.keys(answer)).not.toContain('DEVELOPERS_SECRET');
  });

  it('has a context as on Lambda', async () => {
    const { answer } = await invoke('context');
    expect(answer.functionName).toBe('context');
    expect(answer.awsRequestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.remaining).toBeGreaterThan(0);
    expect(answer.remaining).toBeLessThanOrEqual(30_000);
  });

  it('is used again, but never by two events at once', async () => {
    const first = await invoke('counter');
    const second = await invoke('counter');
    expect(second.answer).toEqual({ count: first.answer.count + 1, pid: first.answer.pid });
    const folder = await mkdtemp(join(tmpdir(), 'meeting-'));
    const together = await Promise.all([invoke('meeter', { folder }), invoke('meeter', { folder })]);
    expect(new Set(together.map(({ answer }) => answer)).size).toBe(2);
  });
});

describe('a function that fails', () => {
  it('answers with its error and keeps its process', async () => {
    const { answer, failed } = await invoke('thrower');
    expect(failed).toBe(true);
    expect(answer).toMatchObject({ errorType: 'TypeError', errorMessage: 'no such luck' });
  });

  it('and leaves is an exit error', async () => {
    expect((await invoke('leaver')).answer).toMatchObject({ errorType: 'Runtime.ExitError' });
  });

  it('by taking too long is killed, even in a loop that never yields; the next event starts cold', async () => {
    const { answer } = await invoke('sleeper');
    expect(answer.errorMessage).toMatch(/Task timed out after 1\.00 seconds/);
    const killed = Number((await cloud.line('asleep')).split(' ').at(-1));
    expect(() => process.kill(killed, 0)).toThrow('ESRCH');
    expect((await invoke('sleeper', { stop: true })).answer).not.toBe(killed);
  });
});

describe('a crash', () => {
  it('is offered the functions that run now, idle ones not, and kills none that is not picked', async () => {
    await invoke('counter');
    let offered: readonly string[] | undefined;
    const crashed = cloud.crash((running) => {
      offered = running;
      return 'counter';
    });
    expect({ crashed, offered }).toEqual({ crashed: false, offered: [] });
    const { answer } = await invoke('counter');
    expect(answer.count).toBeGreaterThan(1);
  });

  it('kills one process in the middle of its event; the next event gets a new one', async () => {
    const [one, other] = [invoke('sitter'), invoke('sitter', { seat: 2 })];
    while (cloud.lines.filter((line) => line.includes('seated')).length < 2) await cloud.nextLine();
    let offered: readonly string[] = [];
    const look = (running: readonly string[]) => {
      offered = running;
      return undefined;
    };
    expect(cloud.crash(look)).toBe(false);
    expect(offered).toEqual(['sitter', 'sitter']);
    const pids = cloud.lines.filter((line) => line.includes('seated')).map((line) => line.split(' ').at(-1));

    expect(cloud.crash(([first]) => first)).toBe(true);
    const { answer, failed } = await Promise.race([one, other]);
    expect(failed).toBe(true);
    expect(answer).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringContaining('SIGKILL'),
    });
    cloud.crash(look);
    expect(offered).toEqual(['sitter']);

    expect(cloud.crash(() => 'sitter')).toBe(true);
    await Promise.all([one, other]);
    for (const pid of pids) expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
    expect(pids).not.toContain(String((await invoke('sitter', { stop: true })).answer));
  });
});

it('what a function writes comes line by line under its name', async () => {
  await invoke('speaker');
  await cloud.line('speaker: two');
  expect(cloud.lines).toContain('speaker: one');
});

it('a function that is not there is not found', async () => {
  await expect(invoke('nobody')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

it('stopping ends every process and the endpoint', async () => {
  const stopping = await startSmallCloud(
    await smallStack({
      waiter: {
        code: 'console.log("pid " + process.pid); await new Promise(() => setInterval(() => {}, 1000))',
      },
    }),
  );
  const client = new LambdaClient({ ...stopping.client, maxAttempts: 1 });
  const pending = client.send(new InvokeCommand({ FunctionName: 'waiter' })).then(
    () => 'answered',
    () => 'cut',
  );
  const pid = Number((await stopping.line('pid')).split(' ').at(-1));
  await stopping.stop();
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  await pending;
  await expect(fetch(stopping.endpoint)).rejects.toThrow();
  client.destroy();
});
