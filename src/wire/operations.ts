/** The operations of bedrock-runtime by method and path, as its API reference lists them. */

interface OperationShape {
  name: string;
  method: 'GET' | 'POST';
  path: RegExp;
}

const DOCUMENTATION = 'https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_';

const OPERATIONS = [
  { name: 'Converse', method: 'POST', path: /^\/model\/([^/]+)\/converse$/ },
  { name: 'ConverseStream', method: 'POST', path: /^\/model\/([^/]+)\/converse-stream$/ },
  { name: 'InvokeModel', method: 'POST', path: /^\/model\/([^/]+)\/invoke$/ },
  {
    name: 'InvokeModelWithResponseStream',
    method: 'POST',
    path: /^\/model\/([^/]+)\/invoke-with-response-stream$/,
  },
  {
    name: 'InvokeModelWithBidirectionalStream',
    method: 'POST',
    path: /^\/model\/([^/]+)\/invoke-with-bidirectional-stream$/,
  },
  { name: 'CountTokens', method: 'POST', path: /^\/model\/([^/]+)\/count-tokens$/ },
  { name: 'ApplyGuardrail', method: 'POST', path: /^\/guardrail\/[^/]+\/version\/[^/]+\/apply$/ },
  { name: 'InvokeGuardrailChecks', method: 'POST', path: /^\/guardrail-checks\/invoke$/ },
  { name: 'StartAsyncInvoke', method: 'POST', path: /^\/async-invoke$/ },
  { name: 'ListAsyncInvokes', method: 'GET', path: /^\/async-invoke$/ },
  { name: 'GetAsyncInvoke', method: 'GET', path: /^\/async-invoke\/.+$/ },
] as const satisfies readonly OperationShape[];

export type OperationName = (typeof OPERATIONS)[number]['name'];

export interface BedrockOperation {
  name: OperationName;
  /** As the caller named the model, decoded; empty for an operation that is not about one model. */
  modelId: string;
}

/** The operation that a request asks for; undefined when Bedrock has no such operation. */
export function operationOf(method: string | undefined, path: string): BedrockOperation | undefined {
  for (const operation of OPERATIONS) {
    const found = method === operation.method ? operation.path.exec(path) : null;
    if (found) return { name: operation.name, modelId: decode(found[1] ?? '') };
  }
  return undefined;
}

/** AWS's own page about an operation. */
export function documentationOf(name: OperationName): string {
  return `${DOCUMENTATION}${name}.html`;
}

/** A stray percent sign stays as it is: the model is then unknown, which says more than a malformed path. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
