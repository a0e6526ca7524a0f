import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { MODEL } from '../fixtures/ingestion-world.ts';

const LAMBDA_MEGABYTES = 512;
/** Of memory, Lambda's Node gives its heap so much. */
const HEAP_SHARE = 0.9;
const OBJECT_BYTES = 20_000_000;

const pdf = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc((OBJECT_BYTES * 3) / 4, 7)]);
const document = { format: 'pdf', name: 'report', source: { bytes: pdf.toString('base64') } };
const content = [{ document }, { text: 'Sum it up.' }];
const object = Buffer.from(
  JSON.stringify({ model_id: MODEL, converse: { messages: [{ role: 'user', content }] } }),
);

it('ten pointers to 20 MB in one batch fit into the function’s memory', async () => {
  let putBytes = 0;
  const bucket = createServer((request, response) => {
    if (request.method === 'GET') {
      response.end(object);
    } else {
      request.on('data', (chunk: Buffer) => {
        putBytes += chunk.length;
      });
      request.on('end', () => response.end());
    }
  });
  await once(bucket.listen(0, '127.0.0.1'), 'listening');
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        `--max-old-space-size=${Math.floor(LAMBDA_MEGABYTES * HEAP_SHARE)}`,
        ...['--import', 'tsx', path.join(import.meta.dirname, 'large-batch.ts')],
      ],
      {
        env: {
          ...process.env,
          AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(bucket.address() as AddressInfo).port}`,
          AWS_REGION: 'us-east-1',
          AWS_ACCESS_KEY_ID: 'test',
          AWS_SECRET_ACCESS_KEY: 'test',
        },
      },
    );
    const { failed, stored, megabytes } = JSON.parse(stdout);
    console.info(`Ingestion's peak: ${megabytes} MB`);
    expect({ failed, stored }).toEqual({ failed: [], stored: 10 });
    expect(putBytes).toBeGreaterThan(10 * OBJECT_BYTES);
    expect(megabytes).toBeLessThan(LAMBDA_MEGABYTES);
  } finally {
    bucket.closeAllConnections();
    bucket.close();
  }
}, 120_000);
