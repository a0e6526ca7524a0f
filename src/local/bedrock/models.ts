import { BedrockError } from '../../wire/errors.ts';
import facts from './models.json' with { type: 'json' };

/** Who shares a form of InvokeModel bodies. */
export type Family =
  | 'any'
  | 'anthropic'
  | 'chat'
  | 'cohere-chat'
  | 'cohere-embed'
  | 'cohere-text'
  | 'deepseek'
  | 'image'
  | 'llama'
  | 'marengo'
  | 'mistral'
  | 'nova'
  | 'nova-embed'
  | 'pegasus'
  | 'rerank'
  | 'stability'
  | 'titan'
  | 'titan-embed'
  | 'video';

export type Kind = 'on-demand' | 'geo' | 'global';

/** What the model takes and gives: only text models converse, only what is counted in tokens has a quota of them. */
const OUTPUTS: Record<string, 'embedding' | 'media' | 'ranking'> = {
  'cohere-embed': 'embedding',
  image: 'media',
  marengo: 'embedding',
  'nova-embed': 'embedding',
  rerank: 'ranking',
  stability: 'media',
  'titan-embed': 'embedding',
  video: 'media',
};

export interface Model {
  /** The foundation model's id, without profile prefix. */
  id: string;
  kind: Kind;
  /**
   * What shares a quota, e.g. `anthropic.claude-sonnet-4-5:geo`: the model without date and version, and the kind. us,
   * eu, jp, au and apac profiles are one kind.
   */
  lane: string;
  family: Family;
  /** Whether it answers in text, and so can converse. */
  text: boolean;
  /** Whether it has a quota of tokens a minute. */
  tokenMetered: boolean;
  /** Quota tokens per output token at a call's end. */
  burndown: number;
  maxOutputTokens: number;
  /** What InvokeModel takes when the body sets no maximum; absent: `maxOutputTokens`. */
  invokeDefaultTokens?: number;
  contextTokens: number;
  /** CountTokens knows it, by its own id and not through a profile. */
  countTokens: boolean;
  /** There is no calling it on demand by its own id. */
  profileOnly: boolean;
  /** It takes temperature or top_p, but not both. */
  oneSampler: boolean;
}

interface Row {
  pattern: string;
  family: string;
  burndown: number;
  maxOutputTokens: number;
  contextTokens: number;
  invokeDefaultTokens?: number;
  countTokens?: boolean;
  profileOnly?: boolean;
  oneSampler?: boolean;
}

const ROWS = (facts.families as Row[]).map((row) => ({ ...row, pattern: new RegExp(row.pattern) }));
const GEO_PREFIX = /^(us|us-gov|eu|jp|au|apac|ca)\./;
const GLOBAL_PREFIX = /^global\./;
const MODEL_ARN = /^arn:aws(-[a-z]+)*:bedrock:[a-z0-9-]*::foundation-model\/(.+)$/;
const OTHER_ARN = /^arn:aws(-[a-z]+)*:bedrock:/;
const OWN_ARN =
  /^arn:aws[a-z-]*:bedrock:[a-z0-9-]+:(\d{12}):(inference-profile|prompt|provisioned-model|imported-model|custom-model-deployment|prompt-router|default-prompt-router)\/(.+)$/;
const PROMPT_ARN = /^arn:aws(-[a-z]+)*:bedrock:[a-z0-9-]+:\d{12}:prompt\//;

/** Whether an id is the ARN of a prompt from Prompt management. */
export function isStoredPrompt(modelId: string): boolean {
  return PROMPT_ARN.test(modelId);
}

/** Whose Bedrock this is. */
export interface Account {
  /** Absent: anybody's, so that ARNs of all accounts lead to something. */
  accountId?: string;
  /** Application inference profiles, or whatever else has an ARN, and the model or profile that it leads to. */
  applicationProfiles?: Readonly<Record<string, string>>;
}

/**
 * A model from its id, a system inference profile's id, the ARN of either, or that of something in the account.
 * @throws BedrockError as Bedrock does: ValidationException for an unknown id, ResourceNotFoundException for an ARN of
 * something that does not exist here
 */
export function resolveModel(modelId: string, account: Account = {}): Model {
  const { applicationProfiles = {} } = account;
  const target = Object.hasOwn(applicationProfiles, modelId) ? applicationProfiles[modelId] : undefined;
  if (target !== undefined) return resolveModel(target);
  const [, owner, type = '', resource = ''] = OWN_ARN.exec(modelId) ?? [];
  const isOwn = owner !== undefined && owner === (account.accountId ?? owner);
  if (isOwn && type !== 'inference-profile') return ownModel(type, resource);
  const named = isOwn ? resource : MODEL_ARN.exec(modelId)?.[2];
  if (named === undefined && OTHER_ARN.test(modelId)) {
    throw new BedrockError('ResourceNotFoundException', `Could not resolve the resource ${modelId}.`);
  }
  const name = named ?? modelId;
  const kind = GEO_PREFIX.test(name) ? 'geo' : GLOBAL_PREFIX.test(name) ? 'global' : 'on-demand';
  const id = kind === 'on-demand' ? name : name.slice(name.indexOf('.') + 1);
  // Later rows are more specific: the last match counts.
  const row = ROWS.findLast(({ pattern }) => pattern.test(id));
  if (!row) throw new BedrockError('ValidationException', 'The provided model identifier is invalid.');
  const { pattern: _, countTokens, profileOnly, oneSampler, ...fields } = row;
  const output = OUTPUTS[row.family];
  return {
    ...fields,
    id,
    kind,
    lane: `${nameOf(id)}:${kind}`,
    family: row.family as Family,
    text: output === undefined,
    tokenMetered: output !== 'media' && output !== 'ranking',
    countTokens: countTokens === true && kind === 'on-demand',
    profileOnly: profileOnly === true,
    oneSampler: oneSampler === true,
  };
}

/** What it is made from, only its account knows: a model with a quota of its own that takes any form of body. */
function ownModel(type: string, id: string): Model {
  return {
    ...facts.own,
    family: 'any',
    id,
    kind: 'on-demand',
    lane: `${nameOf(`${type}.${id}`)}:on-demand`,
    text: true,
    tokenMetered: true,
    countTokens: false,
    profileOnly: false,
    oneSampler: false,
  };
}

/** Whether there is a quota of tokens for a model; so it is taken for an unknown one. */
export function isTokenMetered(modelId: string): boolean {
  try {
    return resolveModel(modelId).tokenMetered;
  } catch (error) {
    if (error instanceof BedrockError) return true;
    throw error;
  }
}

/** @throws BedrockError in Bedrock's words, for a model that exists only behind inference profiles */
export function checkThroughput(model: Model): void {
  if (!model.profileOnly || model.kind !== 'on-demand') return;
  throw new BedrockError(
    'ValidationException',
    `Invocation of model ID ${model.id} with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.`,
  );
}

/**
 * `anthropic.claude-sonnet-4-5-20250929-v1:0` → `anthropic.claude-sonnet-4-5`. Later versions are models of their own, with
 * their own quotas: `anthropic.claude-3-5-sonnet-20241022-v2:0` → `anthropic.claude-3-5-sonnet-v2`.
 */
function nameOf(id: string): string {
  const versioned = id.replace(/:.*$/, '').replace(/-v[01]$/, '');
  return versioned.replace(/-\d{8}(?=-v\d+$|$)/, '');
}
