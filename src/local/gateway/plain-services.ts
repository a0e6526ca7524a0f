/** Services whose requests are passed on almost unchanged. */
import type { Service, ServiceAnswer } from './gateway.ts';
import type { Upstream } from './http.ts';
import { type GatewayRequest, type GatewayResponse, jsonResponse, parseJsonBody } from './message.ts';
import type { Operation } from './operation.ts';
import type { Place } from './place.ts';
import { type Entry, refusalOf, sortedOut } from './sqs-rules.ts';

const SQS_BILLED_BYTES = 64 * 1024;

/** How an emulator of SQS names its queues and receipts. */
export interface QueueNaming {
  accountId: string;
  /** How the URLs of its queues begin when it is asked under `host` (with a port). */
  queueUrlStart(host: string, region: string): string;
  /** How its receipt handles look; absent: it refuses others itself. */
  receiptHandle?: RegExp;
}

/** SQS on the emulator, which may name its queues by a host and an account of its own. */
export class SqsService implements Service {
  readonly #emulator: Upstream;
  readonly #place: () => Place;
  readonly #naming: QueueNaming;

  constructor(emulator: Upstream, place: () => Place, naming: QueueNaming) {
    this.#emulator = emulator;
    this.#place = place;
    this.#naming = naming;
  }

  /** Refuses what the emulator would take, and passes on the rest. */
  async handle(request: GatewayRequest, operation: Operation): Promise<ServiceAnswer> {
    const { receiptHandle } = this.#naming;
    const { Entries } = operation.input;
    if (!Array.isArray(Entries)) {
      const refusal = refusalOf(operation.input, receiptHandle);
      if (refusal) throw refusal;
      return this.#pass(request, operation);
    }
    const { taken, failed } = sortedOut(Entries, receiptHandle);
    if (failed.length === 0) return this.#pass(request, operation);
    if (taken.length === 0) return { response: jsonResponse({ Successful: [], Failed: failed }), units: 1 };
    const input = { ...operation.input, Entries: taken };
    const { response, units } = await this.#pass(request, { ...operation, input });
    return { response: response.status === 200 ? withFailed(response, failed) : response, units };
  }

  async #pass(request: GatewayRequest, { input, name }: Operation) {
    const { host = '' } = request.headers;
    const { region, accountId } = this.#place();
    const outside = { url: `http://${host}/${accountId}/`, arn: `:${accountId}:` };
    const { accountId: ownAccount } = this.#naming;
    const inside = {
      url: `${this.#naming.queueUrlStart(host, region)}${ownAccount}/`,
      arn: `:${ownAccount}:`,
    };
    const { QueueUrl } = input;
    const queue = typeof QueueUrl === 'string' && { QueueUrl: inside.url + QueueUrl.split('/').at(-1) };
    const text = JSON.stringify({ ...input, ...queue });
    const isMessage = CARRYING_MESSAGES.includes(name);
    const body = Buffer.from(isMessage ? text : text.replaceAll(outside.arn, inside.arn));
    const response = withErrorName(await this.#emulator.send({ ...request, body }));
    const bytes = Math.max(body.length, response.body.length);
    const units = Math.max(1, Math.ceil(bytes / SQS_BILLED_BYTES));
    if (isMessage) return { response, units };
    const answer = response.body
      .toString()
      .replaceAll(inside.url, outside.url)
      .replaceAll(inside.arn, outside.arn);
    return { response: { ...response, body: Buffer.from(answer) }, units };
  }
}

function withFailed(response: GatewayResponse, failed: readonly Entry[]): GatewayResponse {
  const { Failed, ...answer } = parseJsonBody(response.body);
  return jsonResponse({ ...answer, Failed: [...(Array.isArray(Failed) ? Failed : []), ...failed] });
}

const ERROR_NAME = 'x-amzn-query-error';

/** By the names of SQS's older protocol, which boto3 goes by. Not all have the prefix that the emulator gives to all. */
function withErrorName(response: GatewayResponse): GatewayResponse {
  const name = response.headers[ERROR_NAME];
  if (name === undefined) return response;
  const own = name.replace(
    /^AWS\.SimpleQueueService\.(?=InvalidMessageContents|InvalidParameterValue|MissingParameter)/,
    '',
  );
  return { ...response, headers: { ...response.headers, [ERROR_NAME]: own } };
}

/** Their bodies may contain anything, so nothing in them is replaced except the queue's URL. */
const CARRYING_MESSAGES = ['SendMessage', 'SendMessageBatch', 'ReceiveMessage'];

/** Bedrock is the simulator. Its streams are passed on as they arrive. */
export class BedrockService implements Service {
  readonly #simulator: Upstream;

  constructor(simulator: Upstream) {
    this.#simulator = simulator;
  }

  async handle(request: GatewayRequest): Promise<ServiceAnswer> {
    return { response: await this.#simulator.stream(request) };
  }
}
