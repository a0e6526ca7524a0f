import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { s3Inbox, s3Payloads } from '../../src/aws/s3.ts';
import {
  InboxObjectEncryptedError,
  InboxObjectTooLargeError,
  PayloadMissingError,
} from '../../src/core/request/errors.ts';

describe('objects in S3', () => {
  let server: Server;
  let client: S3Client;
  let respond: (response: ServerResponse) => void;
  const refuse =
    (status: number, code: string, message = 'no') =>
    (response: ServerResponse) => {
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`);
    };

  beforeAll(async () => {
    server = createServer((_, response) => respond(response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = new S3Client({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      forcePathStyle: true,
      maxAttempts: 1,
    });
  });
  afterAll(() => {
    client.destroy();
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  it('a payload is missing when S3 says so, not when it denies it', async () => {
    const get = () => s3Payloads(client, 'calls').get('payloads/a');
    respond = refuse(404, 'NoSuchKey');
    await expect(get()).rejects.toThrow(new PayloadMissingError('payloads/a'));
    respond = refuse(403, 'AccessDenied');
    await expect(get()).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it.each([
    [404, 'NoSuchKey'],
    [403, 'AccessDenied'],
  ])(
    'an object of the inbox is missing by %i %s, as S3 answers with and without the right to list',
    async (status, code) => {
      respond = refuse(status, code);
      expect(await s3Inbox(client, 'calls').read('inbox/a')).toBeUndefined();
    },
  );

  it.each([
    [
      403,
      'AccessDenied',
      'User: arn:aws:sts::123456789012:assumed-role/r/f is not authorized to perform: kms:Decrypt on the resource',
    ],
    [400, 'KMS.DisabledException', 'The key is disabled.'],
  ])(
    'an object of the inbox that KMS does not decrypt is not called missing (%i %s)',
    async (status, code, message) => {
      respond = refuse(status, code, message);
      await expect(s3Inbox(client, 'calls').read('inbox/a')).rejects.toThrow(
        new InboxObjectEncryptedError('inbox/a'),
      );
    },
  );

  it.each([
    [404, 'NoSuchBucket'],
    [403, 'SignatureDoesNotMatch'],
    [500, 'InternalError'],
  ])('passes on %i %s', async (status, code) => {
    respond = refuse(status, code);
    await expect(s3Payloads(client, 'calls').get('payloads/a')).rejects.toMatchObject({ name: code });
    await expect(s3Inbox(client, 'calls').read('inbox/a')).rejects.toMatchObject({ name: code });
  });

  it('refuses an object over the limit by its stated length, before its body has come', async () => {
    const limit = 1_000;
    const closed = new Promise<boolean>((resolve) => {
      respond = (response) => {
        response.writeHead(200, { 'content-length': limit + 1, 'x-amz-version-id': 'v1' });
        // The body never ends: whoever waited for it would wait forever.
        response.write('x');
        response.on('close', () => resolve(response.writableFinished));
      };
    });
    await expect(s3Inbox(client, 'calls', limit).read('inbox/a')).rejects.toThrow(
      new InboxObjectTooLargeError('inbox/a', limit + 1, limit),
    );
    expect(await closed).toBe(false);
  });

  it('reads an object of exactly the limit, with its version', async () => {
    respond = (response) =>
      response.writeHead(200, { 'x-amz-version-id': 'v1', 'content-length': 4 }).end('text');
    const read = await s3Inbox(client, 'calls', 4).read('inbox/a');
    expect(read).toEqual({ body: new Uint8Array(Buffer.from('text')), version_id: 'v1' });
  });
});
