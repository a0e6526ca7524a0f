/** What a request asks for: the operation, and the permissions that AWS would want for it. */
import { type OperationName, operationOf } from '../../wire/operations.ts';
import { bedrockPermissions, namedPermissions } from './bedrock-arns.ts';
import { ServiceError } from './errors.ts';
import { type GatewayRequest, parseJsonBody } from './message.ts';
import type { Place } from './place.ts';
import type { Permission } from './policy.ts';
import { readS3Operation } from './s3-operation.ts';

export interface Operation {
  service: 'dynamodb' | 'sqs' | 'sns' | 's3' | 'lambda' | 'bedrock' | 'servicequotas';
  /** The API operation, e.g. `SendMessageBatch`. */
  name: string;
  permissions: Permission[];
  /** The parsed body of a JSON operation. */
  input: Record<string, unknown>;
}

/** @throws ServiceError when the service or the operation is not one that the local cloud offers */
export function readOperation(service: string, request: GatewayRequest, place: Place): Operation {
  switch (service) {
    case 'dynamodb':
      return dynamodb(request, place);
    case 'sqs':
      return sqs(request, place);
    case 'sns':
      return sns(request);
    case 's3':
      return { service, input: {}, ...readS3Operation(request) };
    case 'lambda':
      return lambda(request, place);
    case 'bedrock':
      return bedrock(request, place);
    case 'servicequotas':
      return serviceQuotas(request);
    default:
      throw new ServiceError(
        'UnknownOperationException',
        501,
        `the local cloud offers no service "${service}"`,
      );
  }
}

/** The operation of a JSON protocol, e.g. `DynamoDB_20120810.PutItem`. */
function target(request: GatewayRequest): string {
  const name = (request.headers['x-amz-target'] ?? '').split('.')[1];
  if (name) return name;
  throw new ServiceError(
    'MissingAction',
    400,
    'The request has no X-Amz-Target header: the local cloud speaks the JSON protocol.',
  );
}

function dynamodb(request: GatewayRequest, place: Place): Operation {
  const name = target(request);
  const input = parseJsonBody(request.body);
  return {
    service: 'dynamodb',
    name,
    input,
    permissions: dynamodbResources(input, place).map((resource) => ({
      action: `dynamodb:${name}`,
      resource,
    })),
  };
}

function dynamodbResources(input: Record<string, unknown>, { region, accountId }: Place): string[] {
  const tableArn = (table: string) =>
    table.startsWith('arn:') ? table : `arn:aws:dynamodb:${region}:${accountId}:table/${table}`;
  if (typeof input.RequestItems === 'object' && input.RequestItems !== null) {
    return Object.keys(input.RequestItems).map(tableArn);
  }
  if (typeof input.TableName !== 'string') return ['*'];
  const table = tableArn(input.TableName);
  return [typeof input.IndexName === 'string' ? `${table}/index/${input.IndexName}` : table];
}

/** A batch operation needs the permission of the operation on a single message. */
const SQS_ACTIONS: Record<string, string> = {
  SendMessageBatch: 'SendMessage',
  DeleteMessageBatch: 'DeleteMessage',
  ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
};

function sqs(request: GatewayRequest, { region, accountId }: Place): Operation {
  const name = target(request);
  const input = parseJsonBody(request.body);
  const queue =
    input.QueueName ??
    String(input.QueueUrl ?? '')
      .split('/')
      .at(-1);
  const resource = queue ? `arn:aws:sqs:${region}:${accountId}:${queue}` : '*';
  return {
    service: 'sqs',
    name,
    input,
    permissions: [{ action: `sqs:${SQS_ACTIONS[name] ?? name}`, resource }],
  };
}

/** SNS speaks the Query protocol: a form. */
function sns(request: GatewayRequest): Operation {
  const form = Object.fromEntries(new URLSearchParams(request.body.toString()));
  const name = form.Action ?? '';
  return {
    service: 'sns',
    name,
    input: form,
    permissions: [{ action: `sns:${name}`, resource: form.TopicArn ?? '*' }],
  };
}

/** By method and path. The function is named in the path or, for a list, in the query. */
const LAMBDA_OPERATIONS: readonly [name: string, method: string, path: RegExp, action: string][] = [
  ['Invoke', 'POST', /^\/2015-03-31\/functions\/([^/]+)\/invocations$/, 'InvokeFunction'],
  [
    'GetFunctionConfiguration',
    'GET',
    /^\/2015-03-31\/functions\/([^/]+)\/configuration$/,
    'GetFunctionConfiguration',
  ],
  ['ListEventSourceMappings', 'GET', /^\/2015-03-31\/event-source-mappings\/?$/, 'ListEventSourceMappings'],
  ['GetAccountSettings', 'GET', /^\/2016-08-19\/account-settings\/?$/, 'GetAccountSettings'],
];

function lambda(request: GatewayRequest, { region, accountId }: Place): Operation {
  for (const [name, method, path, action] of LAMBDA_OPERATIONS) {
    const found = request.method === method ? path.exec(request.path) : null;
    if (found === null) continue;
    const [, inPath] = found;
    const named = inPath === undefined ? request.query.get('FunctionName') : decodeURIComponent(inPath);
    const functionName = named?.split(':function:').at(-1) ?? '';
    const resource =
      inPath === undefined ? '*' : `arn:aws:lambda:${region}:${accountId}:function:${functionName}`;
    return {
      service: 'lambda',
      name,
      input: { FunctionName: functionName },
      permissions: [{ action: `lambda:${action}`, resource }],
    };
  }
  throw unknown('lambda', request);
}

/** Converse and ConverseStream have no actions of their own: they need those of InvokeModel and its stream. */
const BEDROCK_ACTIONS: Partial<Record<OperationName, string>> = {
  Converse: 'bedrock:InvokeModel',
  ConverseStream: 'bedrock:InvokeModelWithResponseStream',
};

function bedrock(request: GatewayRequest, place: Place): Operation {
  const operation = operationOf(request.method, request.path);
  if (!operation) throw unknown('bedrock', request);
  const { name, modelId } = operation;
  const action = BEDROCK_ACTIONS[name] ?? `bedrock:${name}`;
  const model = modelId === '' ? [{ action, resource: '*' }] : bedrockPermissions(action, modelId, place);
  return {
    service: 'bedrock',
    name,
    permissions: [...model, ...namedPermissions(request, place)],
    input: {},
  };
}

function serviceQuotas(request: GatewayRequest): Operation {
  const name = target(request);
  return {
    service: 'servicequotas',
    name,
    input: parseJsonBody(request.body),
    permissions: [{ action: `servicequotas:${name}`, resource: '*' }],
  };
}

function unknown(service: string, { method, path }: GatewayRequest): ServiceError {
  return new ServiceError(
    'UnknownOperationException',
    501,
    `the local cloud offers no ${service} operation ${method} ${path}`,
  );
}
