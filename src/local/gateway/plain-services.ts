/** Services that need little more than passing on. */
import type { Service, ServiceAnswer } from './gateway.ts';
import type { Upstream } from './http.ts';
import type { GatewayRequest } from './message.ts';
import type { Operation } from './operation.ts';
import type { Place } from './place.ts';

const SQS_BILLED_BYTES = 64 * 1024;

/** SQS on the emulator, which may name its queues by a host of its own. */
export class SqsService implements Service {
  readonly #emulator: Upstream;
  readonly #place: () => Place;
  readonly #urlStart: (host: string, region: string) => string;

  constructor(emulator: Upstream, place: () => Place, urlStart: (host: string, region: string) => string) {
    this.#emulator = emulator;
    this.#place = place;
    this.#urlStart = urlStart;
  }

  async handle(request: GatewayRequest, { input, name }: Operation): Promise<ServiceAnswer> {
    const { host = '' } = request.headers;
    const outside = `http://${host}/`;
    const inside = this.#urlStart(host, this.#place().region);
    const { QueueUrl } = input;
    const body =
      typeof QueueUrl === 'string'
        ? Buffer.from(JSON.stringify({ ...input, QueueUrl: inside + QueueUrl.split('/').slice(3).join('/') }))
        : request.body;
    const response = await this.#emulator.send({ ...request, body });
    const bytes = Math.max(body.length, response.body.length);
    const answer = NAMING_QUEUES.includes(name)
      ? { ...response, body: Buffer.from(response.body.toString().replaceAll(inside, outside)) }
      : response;
    return { response: answer, units: Math.max(1, Math.ceil(bytes / SQS_BILLED_BYTES)) };
  }
}

/** Operations that answer with URLs of queues. */
const NAMING_QUEUES = ['CreateQueue', 'GetQueueUrl', 'ListQueues', 'ListDeadLetterSourceQueues'];

/** The simulator answers for Bedrock; what it streams is passed on as it comes. */
export class BedrockService implements Service {
  readonly #simulator: Upstream;

  constructor(simulator: Upstream) {
    this.#simulator = simulator;
  }

  async handle(request: GatewayRequest): Promise<ServiceAnswer> {
    return { response: await this.#simulator.stream(request) };
  }
}
