// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Terraform expressions
import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, expect, it } from 'vitest';
import { RolePermissionError } from '../../../src/local/roles.ts';
import { type SmallCloud, type SmallFunction, smallStack, startSmallCloud } from '../small-stack.ts';

const POLLING = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
/** Fails every message whose body says so, the function as a whole when one says `throw`. */
const CODE = `
  const bodies = event.Records.map(({ body }) => body);
  console.log(JSON.stringify(event.Records.map(({ body, attributes }) => [body, attributes.ApproximateReceiveCount])));
  if (bodies.includes("throw")) throw new Error("whole batch");
  const failed = event.Records.filter(({ body }) => body.startsWith("bad"));
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
`;

let cloud: SmallCloud | undefined;
afterEach(async () => {
  await cloud?.stop();
  cloud = undefined;
});

function stackOf(worker: Partial<SmallFunction> = {}, mapping: object = {}, visibilitySeconds = 1) {
  return smallStack(
    { worker: { code: CODE, actions: POLLING, timeout: 1, ...worker } },
    {
      aws_sqs_queue: {
        work: {
          name: 'work',
          visibility_timeout_seconds: visibilitySeconds,
          redrive_policy:
            '${jsonencode({deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 2})}',
        },
        dead: { name: 'dead' },
      },
      aws_lambda_event_source_mapping: {
        work: {
          event_source_arn: '${aws_sqs_queue.work.arn}',
          function_name: '${aws_lambda_function.worker.arn}',
          function_response_types: ['ReportBatchItemFailures'],
          ...mapping,
        },
      },
    },
  );
}

async function send(bodies: string[]): Promise<SQSClient> {
  const sqs = new SQSClient((cloud as SmallCloud).client);
  await sqs.send(
    new SendMessageBatchCommand({
      QueueUrl: url('work'),
      Entries: bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody })),
    }),
  );
  return sqs;
}
const url = (name: string) => `${cloud?.endpoint}/000000000000/${name}`;

async function left(sqs: SQSClient, name: string): Promise<number> {
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url(name), AttributeNames: [...names] }),
  );
  return names.reduce((sum, attribute) => sum + Number(Attributes?.[attribute]), 0);
}

it('only failed messages come again, and end in the dead-letter queue', async () => {
  cloud = await startSmallCloud(await stackOf());
  const sqs = await send(['good 1', 'bad 2', 'good 3']);
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: url('dead'), WaitTimeSeconds: 20 }),
  );
  expect(Messages?.map(({ Body }) => Body)).toEqual(['bad 2']);
  await cloud.idle();
  expect(await left(sqs, 'work')).toBe(0);
  const seen = cloud.lines
    .filter((line) => line.startsWith('worker: ['))
    .flatMap((line) => JSON.parse(line.slice(8)));
  expect(seen.filter(([body]) => body === 'good 1')).toEqual([['good 1', '1']]);
  expect(seen.filter(([body]) => body === 'bad 2')).toEqual([
    ['bad 2', '1'],
    ['bad 2', '2'],
  ]);
  sqs.destroy();
});

it('a function that throws keeps its whole batch', async () => {
  cloud = await startSmallCloud(await stackOf());
  const sqs = await send(['throw']);
  await cloud.line('whole batch');
  expect(await left(sqs, 'work')).toBe(1);
  sqs.destroy();
});

it('batches are as large and as many at once as the mapping says', async () => {
  const code = `
    const fs = require("node:fs"), file = process.env.HOME + "/running-" + process.pid;
    fs.writeFileSync(file, "");
    console.log(event.Records.length + " " + fs.readdirSync(process.env.HOME).filter((name) => name.startsWith("running")).length);
    // Long enough that the next one starts meanwhile on a busy machine.
    await new Promise((resolve) => setTimeout(resolve, 500));
    fs.rmSync(file);
    return {};
  `;
  cloud = await startSmallCloud(
    // Long enough that no message comes twice on a busy machine.
    await stackOf({ code }, { batch_size: 2, scaling_config: { maximum_concurrency: 2 } }, 60),
  );
  const sqs = await send(Array.from({ length: 10 }, (_, index) => `m${index}`));
  await cloud.idle();
  const seen = cloud.lines.map((line) => line.slice('worker: '.length).split(' ').map(Number));
  expect(seen.reduce((sum, [size = 0]) => sum + size, 0)).toBe(10);
  expect(Math.max(...seen.map(([size = 0]) => size))).toBe(2);
  expect(Math.max(...seen.map(([, running = 0]) => running))).toBe(2);
  sqs.destroy();
});

it('a disabled mapping takes nothing', async () => {
  cloud = await startSmallCloud(await stackOf({}, { enabled: false }));
  const sqs = await send(['good']);
  await cloud.idle();
  expect(await left(sqs, 'work')).toBe(1);
  expect(cloud.lines).toEqual([]);
  sqs.destroy();
});

it.each(POLLING)('a role without %s cannot be an event source', async (missing) => {
  const starting = startSmallCloud(
    await stackOf({ actions: POLLING.filter((action) => action !== missing) }),
  );
  await expect(starting).rejects.toThrow(RolePermissionError);
  await expect(starting).rejects.toThrow(`may not perform ${missing}`);
});

it('a visibility timeout shorter than the function runs is refused', async () => {
  await expect(startSmallCloud(await stackOf({ timeout: 2 }))).rejects.toThrow(
    "shorter than the function's timeout",
  );
});
