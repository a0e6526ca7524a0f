/** As much of AWS as the client library asks for, on a port of this machine: it takes messages, and reads the records it is given. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { itemOfRecord } from '../../src/aws/dynamodb/record-item.ts';
import { Smoother, type StackOutputs } from '../../src/client/index.ts';
import type { RequestRecord, StoredRecord } from '../../src/core/request/record.ts';
import { waitingRecord } from '../fixtures/records.ts';

/** DynamoDB takes keys of so many bytes, and no empty ones. One that is not so fails the whole read. */
const MOST_KEY_BYTES = 2_048;
const TABLE = 'requests';

interface Asked {
  Entries: { Id: string; MessageBody: string }[];
  RequestItems?: Record<string, { Keys: { request_id: { S: string } }[] }>;
}

export class StackStub {
  /** Bodies of the messages that were taken. */
  readonly sent: string[] = [];
  /** What the results queue holds. */
  readonly results: string[] = [];
  /** Objects by bucket and key. */
  readonly objects = new Map<string, string>();
  /** A message that the queue does not take. */
  refuses: (body: string) => boolean = () => false;
  #client: Smoother | undefined;
  readonly #records = new Map<string, StoredRecord>();
  readonly #server = createServer(async (request, response) => {
    const { status = 200, text } = await this.#answer(request);
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(text);
  });

  /** A client of it, until it stops. */
  async start(): Promise<Smoother> {
    const { endpoint, outputs } = await this.listen();
    const credentials = { accessKeyId: 'any', secretAccessKey: 'thing' };
    this.#client = new Smoother({ endpoint, credentials, outputs });
    return this.#client;
  }

  async listen(): Promise<{ endpoint: string; outputs: StackOutputs }> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    const outputs = {
      region: 'us-east-1',
      input_queue_url: `${endpoint}/1/input`,
      requests_table_name: TABLE,
      bedrock_calls_bucket_name: 'calls',
      bedrock_results_queue_url: `${endpoint}/1/results`,
    };
    return { endpoint, outputs };
  }

  async stop(): Promise<void> {
    this.#client?.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  put(record: StoredRecord): void {
    this.#records.set(record.request_id, record);
  }

  async #answer(request: IncomingMessage): Promise<{ status?: number; text: string }> {
    const { url = '', headers } = request;
    const target = String(headers['x-amz-target'] ?? '');
    if (request.method === 'GET')
      return { text: this.objects.get(new URL(url, 'http://any').pathname.slice(1)) ?? '' };
    const asked: Asked = JSON.parse(Buffer.concat(await request.toArray()).toString());
    if (target.endsWith('.SendMessageBatch')) return { text: JSON.stringify(this.#take(asked.Entries)) };
    if (target.endsWith('.ReceiveMessage')) return { text: JSON.stringify({ Messages: this.#next() }) };
    if (target.endsWith('.DeleteMessage')) this.results.shift();
    if (asked.RequestItems === undefined) return { text: '{}' };
    const keys = asked.RequestItems[TABLE]?.Keys.map(({ request_id }) => request_id.S) ?? [];
    if (keys.some((key) => key === '' || Buffer.byteLength(key) > MOST_KEY_BYTES)) {
      return { status: 400, text: JSON.stringify({ __type: 'ValidationException', message: 'a bad key' }) };
    }
    const items = keys.flatMap((key) => this.#records.get(key) ?? []).map(itemOfRecord);
    return { text: JSON.stringify({ Responses: { [TABLE]: items } }) };
  }

  #next() {
    return this.results.slice(0, 1).map((Body) => ({ Body, ReceiptHandle: 'r', MD5OfBody: md5(Body) }));
  }

  #take(entries: Asked['Entries']) {
    const refused = entries.filter(({ MessageBody }) => this.refuses(MessageBody));
    const taken = entries.filter((entry) => !refused.includes(entry));
    return {
      Successful: taken.map(({ Id, MessageBody }) => ({
        Id,
        MessageId: `message-${this.sent.push(MessageBody)}`,
        MD5OfMessageBody: md5(MessageBody),
      })),
      Failed: refused.map(({ Id }) => ({ Id, Code: 'Refused', Message: 'not this one', SenderFault: true })),
    };
  }
}

/** The SDK compares it. */
function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

export function completed(id: string, fields: Partial<RequestRecord> = {}): RequestRecord {
  return {
    ...waitingRecord(id),
    status: 'COMPLETED',
    finished_at: 2_000_000,
    output: { body: {} },
    ...fields,
  };
}
