/** Services that need little more than passing on. */
import type { Service, ServiceAnswer } from './gateway.ts';
import type { Upstream } from './http.ts';
import type { GatewayRequest } from './message.ts';

const SQS_BILLED_BYTES = 64 * 1024;

export class SqsService implements Service {
  constructor(private readonly emulator: Upstream) {}

  async handle(request: GatewayRequest): Promise<ServiceAnswer> {
    const response = await this.emulator.send(request);
    const bytes = Math.max(request.body.length, response.body.length);
    return { response, units: Math.max(1, Math.ceil(bytes / SQS_BILLED_BYTES)) };
  }
}

/** Bedrock is the simulator's whole business. */
export class BedrockService implements Service {
  constructor(private readonly simulator: Upstream) {}

  async handle(request: GatewayRequest): Promise<ServiceAnswer> {
    return { response: await this.simulator.send(request) };
  }
}
