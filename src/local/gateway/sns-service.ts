import type { Service, ServiceAnswer } from './gateway.ts';
import type { Upstream } from './http.ts';
import type { GatewayRequest } from './message.ts';
import type { Place } from './place.ts';

/** SNS on the emulator, which may speak for another account. */
export class SnsService implements Service {
  readonly #emulator: Upstream;
  readonly #place: () => Place;
  readonly #accountId: string;

  /** @param accountId the emulator's own */
  constructor(emulator: Upstream, place: () => Place, accountId: string) {
    this.#emulator = emulator;
    this.#place = place;
    this.#accountId = accountId;
  }

  async handle(request: GatewayRequest): Promise<ServiceAnswer> {
    const outside = this.#place().accountId;
    const form = new URLSearchParams(request.body.toString());
    for (const [name, value] of form) {
      if (name.endsWith('Arn')) form.set(name, value.replace(`:${outside}:`, `:${this.#accountId}:`));
    }
    const response = await this.#emulator.send({ ...request, body: Buffer.from(form.toString()) });
    const body = response.body.toString().replaceAll(`:${this.#accountId}:`, `:${outside}:`);
    return { response: { ...response, body: Buffer.from(body) } };
  }
}
