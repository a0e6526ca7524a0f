import { BedrockError } from './errors.ts';
import facts from './models.json' with { type: 'json' };

export type Family = 'anthropic' | 'nova' | 'titan' | 'llama' | 'mistral' | 'chat';

export interface Model {
  /** The foundation model's id, without profile prefix. */
  id: string;
  /** What shares a quota: the kind and the model. us, eu, jp, au and apac profiles are one kind, `geo`. */
  lane: string;
  family: Family;
  /** Quota tokens per output token at a call's end. */
  burndown: number;
  maxOutputTokens: number;
  contextTokens: number;
  /** CountTokens knows it: by its own id, not through a profile. */
  countTokens: boolean;
}

const GEO_PREFIX = /^(us|us-gov|eu|jp|au|apac|ca)\./;
const GLOBAL_PREFIX = /^global\./;
const MODEL_ARN = /^arn:aws(-[a-z]+)*:bedrock:[a-z0-9-]*:\d*:(foundation-model|inference-profile)\/(.+)$/;
const OTHER_ARN = /^arn:aws(-[a-z]+)*:bedrock:/;

/**
 * A model from its id, a system inference profile's id, the ARN of either, or that of one of the application profiles.
 * @throws BedrockError as Bedrock does: ValidationException for an unknown id, ResourceNotFoundException for an ARN of
 * something that does not exist here (other application inference profiles, provisioned throughput, imported models).
 */
export function resolveModel(
  modelId: string,
  applicationProfiles: Readonly<Record<string, string>> = {},
): Model {
  const source = Object.hasOwn(applicationProfiles, modelId) ? applicationProfiles[modelId] : undefined;
  if (source !== undefined) return resolveModel(source);
  const arn = MODEL_ARN.exec(modelId);
  if (!arn && OTHER_ARN.test(modelId)) {
    throw new BedrockError('ResourceNotFoundException', `Could not resolve the resource ${modelId}.`);
  }
  const name = arn?.[3] ?? modelId;
  const kind = GEO_PREFIX.test(name) ? 'geo' : GLOBAL_PREFIX.test(name) ? 'global' : 'on-demand';
  const id = kind === 'on-demand' ? name : name.slice(name.indexOf('.') + 1);
  // Later rows are more specific: the last match counts.
  const row = facts.families.findLast(({ pattern }) => new RegExp(pattern).test(id));
  if (!row) throw new BedrockError('ValidationException', 'The provided model identifier is invalid.');
  const { burndown, maxOutputTokens, contextTokens } = row;
  return {
    id,
    lane: `${kind}/${id}`,
    family: row.family as Family,
    burndown,
    maxOutputTokens,
    contextTokens,
    countTokens: row.countTokens === true && kind === 'on-demand',
  };
}
