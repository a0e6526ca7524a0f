import type { GatewayRequest } from './message.ts';
import type { Place } from './place.ts';
import type { Permission } from './policy.ts';

/**
 * Regions that a geographic inference profile may lead to. A few of them stand for all: enough to show a policy that
 * forgot that the call leaves the Region.
 */
const DESTINATIONS: Record<string, string[]> = {
  us: ['us-east-1', 'us-east-2', 'us-west-2'],
  eu: ['eu-central-1', 'eu-west-1', 'eu-west-3'],
  apac: ['ap-northeast-1', 'ap-southeast-1', 'ap-southeast-2'],
  jp: ['ap-northeast-1', 'ap-northeast-3'],
  au: ['ap-southeast-2', 'ap-southeast-4'],
  // The global profile's model ARN has no Region.
  global: [''],
};

/** The model of a stored prompt is not known here: only the prompt's own permission is asked for. */
const PROMPT = /:prompt\//;

/** A call through an inference profile needs the profile, and the foundation model wherever the profile leads. */
export function bedrockPermissions(action: string, modelId: string, place: Place): Permission[] {
  const { region, accountId, applicationProfiles = {} } = place;
  if (modelId.startsWith('arn:')) {
    const source = Object.hasOwn(applicationProfiles, modelId) ? applicationProfiles[modelId] : undefined;
    const models = source === undefined ? [] : bedrockPermissions(action, source, place).filter(isModel);
    // Profiles that the variables name are the user's, and so of the account that the local cloud plays.
    const resource = source === undefined ? modelId : modelId.replace(/:\d{12}:/, `:${accountId}:`);
    return [{ action: PROMPT.test(modelId) ? 'bedrock:RenderPrompt' : action, resource }, ...models];
  }
  const [geography = ''] = modelId.split('.');
  const destinations = DESTINATIONS[geography];
  if (!destinations) return [{ action, resource: `arn:aws:bedrock:${region}::foundation-model/${modelId}` }];
  const model = modelId.slice(geography.length + 1);
  return [
    { action, resource: `arn:aws:bedrock:${region}:${accountId}:inference-profile/${modelId}` },
    ...[...new Set([region, ...destinations])].map((destination) => ({
      action,
      resource: `arn:aws:bedrock:${destination}::foundation-model/${model}`,
    })),
  ];
}

/** Of a system profile that an application profile was made from, only the models count. */
function isModel({ resource }: Permission): boolean {
  return resource.includes(':foundation-model/');
}

const GUARDRAIL_HEADER = 'x-amzn-bedrock-guardrailidentifier';

/** What a call names besides its model: a guardrail, and media in S3, which Bedrock reads with the caller's rights. */
export function namedPermissions({ headers, body }: GatewayRequest, place: Place): Permission[] {
  const { guardrails, objects } = namedIn(body);
  const inHeader = headers[GUARDRAIL_HEADER];
  if (inHeader !== undefined) guardrails.push(inHeader);
  return [
    ...guardrails.map((guardrail) => ({
      action: 'bedrock:ApplyGuardrail',
      resource: guardrail.startsWith('arn:')
        ? guardrail
        : `arn:aws:bedrock:${place.region}:${place.accountId}:guardrail/${guardrail}`,
    })),
    ...objects.map((uri) => ({ action: 's3:GetObject', resource: uri.replace('s3://', 'arn:aws:s3:::') })),
  ];
}

/** Empty for a body that is not JSON, which is for Bedrock to refuse. */
function namedIn(body: Buffer): { guardrails: string[]; objects: string[] } {
  const guardrails: string[] = [];
  const objects: string[] = [];
  const named = { guardrails, objects };
  // Most bodies name neither, and some are large.
  if (!body.includes('guardrailConfig') && !body.includes('s3Location')) return named;
  try {
    const request = JSON.parse(body.toString(), (key, value) => {
      if (key === 's3Location' && typeof value?.uri === 'string') objects.push(value.uri);
      return value;
    });
    const guardrail = request?.guardrailConfig?.guardrailIdentifier;
    if (typeof guardrail === 'string') guardrails.push(guardrail);
  } catch {}
  return named;
}
