import { ServiceError } from '../gateway/errors.ts';
import type { Service, ServiceAnswer } from '../gateway/gateway.ts';
import { type GatewayRequest, jsonResponse, parseJson } from '../gateway/message.ts';
import type { Operation } from '../gateway/operation.ts';
import type { EvaluatedStack } from '../terraform/stack.ts';
import { accountSettings, eventSourceMappings, functionConfiguration } from './configurations.ts';
import type { LambdaFunction } from './function.ts';

/** Lambda on the local functions: they can be invoked, and one can ask how they are configured. */
export class LambdaService implements Service {
  readonly #functions: ReadonlyMap<string, LambdaFunction>;
  readonly #stack: () => EvaluatedStack;

  constructor(functions: ReadonlyMap<string, LambdaFunction>, stack: () => EvaluatedStack) {
    this.#functions = functions;
    this.#stack = stack;
  }

  async handle(request: GatewayRequest, { name, input }: Operation): Promise<ServiceAnswer> {
    const functionName = String(input.FunctionName);
    switch (name) {
      case 'GetFunctionConfiguration': {
        const configuration = functionConfiguration(this.#stack(), functionName);
        if (!configuration) throw notFound(functionName);
        return { response: jsonResponse(configuration) };
      }
      case 'ListEventSourceMappings':
        return { response: jsonResponse(eventSourceMappings(this.#stack(), functionName)) };
      case 'GetAccountSettings':
        return { response: jsonResponse(accountSettings()) };
      default:
        return this.#invoke(request, functionName);
    }
  }

  async #invoke(request: GatewayRequest, functionName: string): Promise<ServiceAnswer> {
    const target = this.#functions.get(functionName);
    if (!target) throw notFound(functionName);
    const event = parseJson(request.body, 'InvalidRequestContentException');
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

function notFound(functionName: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', 404, `Function not found: ${functionName}`);
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
