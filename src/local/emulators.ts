import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';
import { buildApp } from 'fauxqs';
import { allowAllCharacters } from './fauxqs-characters.ts';
import type { QueueNaming } from './gateway/plain-services.ts';

/** Where the local cloud keeps tables, queues and objects. */
export interface Backend extends QueueNaming {
  dynamodbUrl: string;
  sqsUrl: string;
  s3Url: string;
  /** Whether it goes on running after the local cloud has stopped, which then has to clean up. */
  lasting: boolean;
  stop(): Promise<void>;
}

export interface Emulators extends Backend {
  /** SQS and S3. */
  fauxqsUrl: string;
}

/** What has not been answered so long after the stop is cut off. */
const LONGEST_ANSWER_MS = 5_000;

/** That one request can bring, in bytes. */
const LARGEST_OBJECT = 2 ** 30;

/** The account that fauxqs speaks for. */
export const ACCOUNT_ID = '000000000000';

/** Starts the emulators in this process, on free ports of 127.0.0.1. They do not check who calls; the gateway does. */
export async function startEmulators(): Promise<Emulators> {
  const dynamodb = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve) => dynamodb.listen(0, '127.0.0.1', resolve));
  await allowAllCharacters();
  const fauxqs = buildApp({ logger: false });
  // The gateway sends all objects as this type. Of other types, fauxqs takes up to 11 MiB.
  fauxqs.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer', bodyLimit: LARGEST_OBJECT },
    async (_request: unknown, body: Buffer) => body,
  );
  const fauxqsUrl = await fauxqs.listen({ port: 0, host: '127.0.0.1' });
  return {
    dynamodbUrl: `http://127.0.0.1:${(dynamodb.address() as AddressInfo).port}`,
    fauxqsUrl,
    sqsUrl: fauxqsUrl,
    s3Url: fauxqsUrl,
    accountId: ACCOUNT_ID,
    queueUrlStart: (host, region) => `http://sqs.${region}.localhost:${host.split(':')[1]}/`,
    receiptHandle: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    lasting: false,
    async stop() {
      await Promise.all([fauxqs.close(), closeServer(dynamodb)]);
    },
  };
}

/** What it is answering is answered first: a query that goes on in a closed database would end the process. */
async function closeServer(server: Server): Promise<void> {
  const cutOff = setTimeout(() => server.closeAllConnections(), LONGEST_ANSWER_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      server.close((error) => (error ? reject(error) : resolve()));
      server.closeIdleConnections();
    });
  } finally {
    clearTimeout(cutOff);
  }
}
