/** Services whose requests are passed on almost unchanged. */
import type { Service, ServiceAnswer } from './gateway.ts';
import type { Upstream } from './http.ts';
import type { GatewayRequest } from './message.ts';
import type { Operation } from './operation.ts';
import type { Place } from './place.ts';

const SQS_BILLED_BYTES = 64 * 1024;

/** How an emulator of SQS names its queues. */
export interface QueueNaming {
  accountId: string;
  /** How the URLs of its queues begin when it is asked under `host` (with a port). */
  queueUrlStart(host: string, region: string): string;
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

  async handle(request: GatewayRequest, { input, name }: Operation): Promise<ServiceAnswer> {
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
    const response = await this.#emulator.send({ ...request, body });
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
