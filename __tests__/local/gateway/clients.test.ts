/** What clients other than the functions do: as in AWS it works, or is refused in AWS's words. */
import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectTaggingCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listen } from '../../../src/wire/listener.ts';
import { type SmallCloud, smallStack, startSmallCloud } from '../small-stack.ts';

const RESOURCES = {
  aws_sqs_queue: { work: { name: 'work' } },
  aws_s3_bucket: { files: { bucket: 'files' } },
  aws_s3_bucket_versioning: {
    files: { bucket: 'files', versioning_configuration: { status: 'Enabled' } },
  },
};
const Bucket = 'files';

let cloud: SmallCloud;
let s3: S3Client;
let sqs: SQSClient;

beforeAll(async () => {
  cloud = await startSmallCloud(await smallStack({}, RESOURCES));
  const config = { ...cloud.client, maxAttempts: 1 };
  s3 = new S3Client(config);
  sqs = new SQSClient(config);
});

afterAll(async () => {
  s3.destroy();
  sqs.destroy();
  await cloud.stop();
});

/** A signed POST, as an SDK of any language might send it. */
async function post(service: string, headers: Record<string, string>, body: string): Promise<Response> {
  const { host, hostname } = new URL(cloud.endpoint);
  const signer = new SignatureV4({ ...cloud.client, service, sha256: Sha256 });
  const signed = await signer.sign({
    method: 'POST',
    protocol: 'http:',
    hostname,
    path: '/',
    headers: { host, ...headers },
    body,
  });
  return fetch(cloud.endpoint, { method: 'POST', headers: signed.headers, body });
}

describe('an object', () => {
  const put = (Key: string, Body: Buffer, ContentType?: string) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType }));
  const get = async (Key: string) => {
    const { Body, ContentType } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    return { bytes: Buffer.from((await Body?.transformToByteArray()) ?? ''), ContentType };
  };

  it('may be larger than the emulator takes by itself', async () => {
    const bytes = Buffer.alloc(11 * 2 ** 20 + 1, 'x');
    await put('large', bytes);
    expect((await get('large')).bytes.equals(bytes)).toBe(true);
  });

  it.each([
    'application/x-www-form-urlencoded',
    'application/x-amz-json-1.0',
    'application/json; charset=utf-8',
    'no type',
  ])('may be said to be %s, and comes back as it was', async (type) => {
    for (const text of ['{"a":  1}', 'b=2', '']) {
      await put('typed', Buffer.from(text), type);
      expect(await get('typed')).toEqual({ bytes: Buffer.from(text), ContentType: type });
    }
  });

  it('keeps its type when it is copied, and has nothing that its writer did not give it', async () => {
    await put('original', Buffer.from('x'), 'text/csv');
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/original` }));
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'copy' }));
    expect(head).toMatchObject({ ContentType: 'text/csv', Metadata: {} });
  });

  it('may be empty and without a type, as a folder in a console is', async () => {
    const { host } = new URL(cloud.endpoint);
    const signer = new SignatureV4({ ...cloud.client, service: 's3', sha256: Sha256 });
    const path = `/${Bucket}/folder/`;
    const { headers } = await signer.sign({
      method: 'PUT',
      protocol: 'http:',
      hostname: host,
      path,
      headers: { host },
    });
    const answer = await fetch(cloud.endpoint + path, { method: 'PUT', headers });
    expect(answer.status).toBe(200);
    expect(await get('folder/')).toEqual({ bytes: Buffer.alloc(0), ContentType: 'binary/octet-stream' });
  });

  it('is not meant by operations on what belongs to it, which are refused by name', async () => {
    await put('kept', Buffer.from('x'));
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'kept' }));
    const it = { Bucket, Key: 'kept' };
    for (const command of [
      new GetObjectTaggingCommand(it),
      new GetObjectAclCommand(it),
      new ListPartsCommand({ ...it, UploadId }),
      new DeleteObjectTaggingCommand(it),
      new UploadPartCopyCommand({ ...it, UploadId, PartNumber: 1, CopySource: `${Bucket}/kept` }),
    ]) {
      await expect(s3.send(command as GetObjectTaggingCommand)).rejects.toMatchObject({
        name: 'NotImplemented',
        $metadata: { httpStatusCode: 501 },
      });
    }
    expect((await get('kept')).bytes.toString()).toBe('x');
  });
});

describe('a queue refuses what SQS refuses', () => {
  const QueueUrl = () => `${cloud.endpoint}/000000000000/work`;
  const attributes = (count: number, StringValue = 'v') =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`a${index}`, { DataType: 'String', StringValue }]),
    );
  const REFUSED: [string, object, string][] = [
    ['too long a delay', { DelaySeconds: 901 }, 'Value 901 for parameter DelaySeconds is invalid'],
    ['a negative delay', { DelaySeconds: -1 }, 'DelaySeconds must be >= 0 and <= 900'],
    ['too many attributes', { MessageAttributes: attributes(11) }, 'Number of message attributes [11]'],
    [
      'an empty attribute',
      { MessageAttributes: attributes(1, '') },
      "must contain a non-empty value of type 'String'",
    ],
  ];

  it.each(REFUSED)('%s', async (_name, wrong, message) => {
    const send = sqs.send(new SendMessageCommand({ QueueUrl: QueueUrl(), MessageBody: 'x', ...wrong }));
    await expect(send).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: expect.stringContaining(message),
    });
  });

  it('in a batch, entry by entry', async () => {
    const wrong = REFUSED.map(([, fields], index) => ({ Id: `${index}`, MessageBody: 'x', ...fields }));
    const Entries = [{ Id: 'good', MessageBody: 'x', MessageAttributes: attributes(10) }, ...wrong];
    const some = await sqs.send(new SendMessageBatchCommand({ QueueUrl: QueueUrl(), Entries }));
    expect(some.Successful?.map(({ Id }) => Id)).toEqual(['good']);
    expect(some.Failed).toMatchObject(
      REFUSED.map(([, , message], index) => ({
        Id: `${index}`,
        SenderFault: true,
        Code: 'InvalidParameterValue',
        Message: expect.stringContaining(message),
      })),
    );
    const none = await sqs.send(new SendMessageBatchCommand({ QueueUrl: QueueUrl(), Entries: wrong }));
    expect(none.Failed).toHaveLength(wrong.length);
  });

  it('a receipt handle that nobody was given', async () => {
    const queue = { QueueUrl: QueueUrl() };
    const invalid = { name: 'ReceiptHandleIsInvalid' };
    const handle = { ReceiptHandle: 'garbage' };
    await expect(sqs.send(new DeleteMessageCommand({ ...queue, ...handle }))).rejects.toMatchObject(invalid);
    await expect(
      sqs.send(new ChangeMessageVisibilityCommand({ ...queue, ...handle, VisibilityTimeout: 1 })),
    ).rejects.toMatchObject(invalid);
    const Entries = [{ Id: 'a', ...handle }];
    const { Failed } = await sqs.send(new DeleteMessageBatchCommand({ ...queue, Entries }));
    expect(Failed).toMatchObject([{ Id: 'a', Code: invalid.name }]);
  });

  it('under the names that older SDKs know', async () => {
    const name = async (input: object) => {
      const headers = {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'AmazonSQS.SendMessage',
      };
      const answer = await post('sqs', headers, JSON.stringify({ QueueUrl: QueueUrl(), ...input }));
      return answer.headers.get('x-amzn-query-error');
    };
    expect(await name({ MessageBody: '' })).toBe('MissingParameter;Sender');
    expect(await name({ QueueUrl: 'http://x/000000000000/none', MessageBody: 'x' })).toBe(
      'AWS.SimpleQueueService.NonExistentQueue;Sender',
    );
  });
});

describe('a request that', () => {
  it.each(['{"QueueUrl": ', '[]', 'null'])('is not a JSON object (%s) is told so', async (body) => {
    const headers = { 'x-amz-target': 'AmazonSQS.SendMessage' };
    const answer = await post('sqs', headers, body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ __type: 'SerializationException' });
  });

  it('is a form is refused in XML, which its sender can read', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const answer = await post('sts', headers, 'Action=GetCallerIdentity&Version=2011-06-15');
    expect(answer.status).toBe(501);
    expect(await answer.text()).toMatch(/<Code>UnknownOperationException<\/Code>.*no service "sts"/);
  });

  it('comes before queues and buckets are there is to be sent again', async () => {
    const { port, close } = await listen({ host: '127.0.0.1', port: 0 }, () => {});
    await close();
    const operator = { accessKeyId: 'OPERATOR', secretAccessKey: 'secret' };
    const early = new SQSClient({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      credentials: operator,
      maxAttempts: 10,
    });
    let asked: Promise<unknown> | undefined;
    const starting = await startSmallCloud(await smallStack({}, RESOURCES), {
      port,
      operator,
      faults: ({ action }) => {
        if (action !== 'sqs:CreateQueue') return undefined;
        asked = early.send(new GetQueueUrlCommand({ QueueName: 'work' }));
        return { delayMs: 50 };
      },
    });
    expect(await asked).toMatchObject({ QueueUrl: `${starting.endpoint}/000000000000/work` });
    early.destroy();
    await starting.stop();
  });
});
