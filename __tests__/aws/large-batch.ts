/** A process of its own, so that its memory can be measured: ingests ten pointers as the function does, and prints its peak. */
import { s3Client } from '../../src/aws/clients.ts';
import { s3Inbox, s3Payloads } from '../../src/aws/s3.ts';
import { createWorld, messageOf } from '../fixtures/ingestion-world.ts';

const bucket = 'calls';
const s3 = s3Client(process.env);
const { container, requests } = createWorld((ports) => ({
  ...ports,
  inbox: s3Inbox(s3, bucket),
  payloads: s3Payloads(s3, bucket),
}));
const messages = Array.from({ length: 10 }, (_, index) =>
  messageOf(JSON.stringify({ s3: { bucket, key: `inbox/${index}` } }), { id: `m${index}` }),
);
const failed = await container().ingest(messages);
const megabytes = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ failed, stored: requests().length, megabytes }));
s3.destroy();
