/** ARNs in a request: what they name must be something that the smoother may call from where it runs. */
import { mustBe, type Problem } from './problem.ts';

/** The account and Region that the smoother runs in. */
export interface Home {
  accountId: string;
  region: string;
}

/** What Bedrock takes in place of a model id, and invocation's role may call (src/stack/permissions.ts). */
const MODELS = [
  'foundation-model',
  'inference-profile',
  'application-inference-profile',
  'provisioned-model',
  'imported-model',
  'custom-model-deployment',
  'prompt-router',
  'default-prompt-router',
  'prompt',
] as const;
const GUARDRAILS = ['guardrail'] as const;

/** A foundation model belongs to no account: its ARN has none. */
const WITHOUT_ACCOUNT = 'foundation-model';

/** Undefined for an id that is not an ARN, and for one that can be called. */
export function modelArnProblem(modelId: string, home: Home): Problem | undefined {
  return arnProblem(['model_id'], modelId, MODELS, home);
}

/** @param guardrail what is at that path of the message */
export function guardrailArnProblem(
  path: Problem['path'],
  guardrail: unknown,
  home: Home,
): Problem | undefined {
  return typeof guardrail === 'string' ? arnProblem(path, guardrail, GUARDRAILS, home) : undefined;
}

function arnProblem(
  path: Problem['path'],
  id: string,
  types: readonly string[],
  { accountId, region }: Home,
): Problem | undefined {
  if (!id.startsWith('arn:')) return undefined;
  const [, , service = '', arnRegion = '', account = '', ...rest] = id.split(':');
  const type = rest.join(':').split('/')[0] ?? '';
  if (service !== 'bedrock' || !types.includes(type)) {
    return mustBe(path, `an ARN of Bedrock's ${types.join(', ')}`, `${service} ${type}`);
  }
  if (arnRegion !== region) {
    return mustBe(path, `an ARN of Region ${region}, where the smoother runs`, arnRegion);
  }
  const owner = type === WITHOUT_ACCOUNT ? '' : accountId;
  if (account !== owner) {
    const expected =
      owner === '' ? 'an ARN without an account' : `an ARN of account ${owner}, where the smoother runs`;
    return mustBe(path, expected, account || 'none');
  }
  return undefined;
}
