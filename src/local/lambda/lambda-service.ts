import { ServiceError } from '../gateway/errors.ts';
import type { Service, ServiceAnswer } from '../gateway/gateway.ts';
import { type GatewayRequest, parseJsonBody } from '../gateway/message.ts';
import type { Operation } from '../gateway/operation.ts';
import type { LambdaFunction } from './function.ts';

/** Lambda's Invoke API on the local functions. */
export class LambdaService implements Service {
  readonly #functions: ReadonlyMap<string, LambdaFunction>;

  constructor(functions: ReadonlyMap<string, LambdaFunction>) {
    this.#functions = functions;
  }

  async handle(request: GatewayRequest, operation: Operation): Promise<ServiceAnswer> {
    const target = this.#functions.get(String(operation.input.FunctionName));
    if (!target) {
      throw new ServiceError(
        'ResourceNotFoundException',
        404,
        `Function not found: ${operation.input.FunctionName}`,
      );
    }
    const event = parseJsonBody(request.body);
    const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
    if (type === 'Event') {
      target.invokeLater(event);
      return answer(202, {}, '');
    }
    if (type === 'DryRun') return answer(204, {}, '');
    const result = await target.invoke(event);
    if ('error' in result)
      return answer(200, { 'x-amz-function-error': 'Unhandled' }, JSON.stringify(result.error));
    return answer(200, {}, result.payload);
  }
}

function answer(status: number, headers: Record<string, string>, body: string): ServiceAnswer {
  return {
    response: {
      status,
      headers: { 'content-type': 'application/json', ...headers },
      body: Buffer.from(body),
    },
  };
}
