import type { GatewayRequest } from './message.ts';
import type { Place } from './place.ts';
import type { Permission } from './policy.ts';

/**
 * Regions that a geographic inference profile may route to. These are not all of them, but enough to show that a policy
 * forgot that calls leave the Region.
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

/** The permissions that a call needs for its model, which is given as the caller named it. */
export function bedrockPermissions(action: string, modelId: string, place: Place): Permission[] {
  const { region, accountId, applicationProfiles = {} } = place;
  if (!modelId.startsWith('arn:')) {
    const profile = `arn:aws:bedrock:${region}:${accountId}:inference-profile/${modelId}`;
    const models = modelsBehind(modelId, place);
    return needs(action, models ? [profile, ...models] : [foundationModel(region, modelId)]);
  }
  const [, type = '', id = ''] = /^arn:[^:]*:bedrock:[^:]*:[^:]*:([^/]+)\/(.+)$/.exec(modelId) ?? [];
  // The model of a stored prompt is not known here: only the prompt's own permission is asked for.
  if (type === 'prompt') return [{ action: 'bedrock:RenderPrompt', resource: modelId }];
  const source = Object.hasOwn(applicationProfiles, modelId) ? applicationProfiles[modelId] : undefined;
  const profile = type === 'inference-profile' ? id : source;
  const models =
    profile === undefined ? [] : (modelsBehind(profile, place) ?? [foundationModel(region, profile)]);
  return needs(action, [modelId, ...models]);
}

/** The foundation model in every Region that the profile routes to; undefined for anything but a profile. */
function modelsBehind(profile: string, { region }: Place): string[] | undefined {
  const [geography = ''] = profile.split('.');
  const destinations = DESTINATIONS[geography];
  const model = profile.slice(geography.length + 1);
  return destinations && [...new Set([region, ...destinations])].map((each) => foundationModel(each, model));
}

function foundationModel(region: string, model: string): string {
  return `arn:aws:bedrock:${region}::foundation-model/${model}`;
}

function needs(action: string, resources: string[]): Permission[] {
  return resources.map((resource) => ({ action, resource }));
}

const GUARDRAIL_HEADER = 'x-amzn-bedrock-guardrailidentifier';

/** What a call names besides its model: a guardrail, tools of Bedrock's own, and media in S3, which it reads with the caller's rights. */
export function namedPermissions({ headers, body }: GatewayRequest, place: Place): Permission[] {
  const { guardrails, tools, objects } = namedIn(body);
  const inHeader = headers[GUARDRAIL_HEADER];
  if (inHeader !== undefined) guardrails.push(inHeader);
  return [
    ...guardrails.map((guardrail) => ({
      action: 'bedrock:ApplyGuardrail',
      resource: guardrail.startsWith('arn:')
        ? guardrail
        : `arn:aws:bedrock:${place.region}:${place.accountId}:guardrail/${guardrail}`,
    })),
    ...tools.map((tool) => ({
      action: 'bedrock:InvokeTool',
      resource: `arn:aws:bedrock::${place.accountId}:system-tool/amazon.${tool}`,
    })),
    ...objects.map((uri) => ({ action: 's3:GetObject', resource: uri.replace('s3://', 'arn:aws:s3:::') })),
  ];
}

interface Named {
  guardrails: string[];
  tools: string[];
  objects: string[];
}

/** Empty for a body that is not JSON, which is for Bedrock to refuse. */
function namedIn(body: Buffer): Named {
  const guardrails: string[] = [];
  const tools: string[] = [];
  const objects: string[] = [];
  const named = { guardrails, tools, objects };
  // Most bodies name none, and some are large.
  if (!['guardrailConfig', 'systemTool', 's3Location'].some((name) => body.includes(name))) return named;
  try {
    const request = JSON.parse(body.toString(), (key, value) => {
      if (key === 's3Location' && typeof value?.uri === 'string') objects.push(value.uri);
      if (key === 'systemTool' && typeof value?.name === 'string') tools.push(value.name);
      return value;
    });
    const guardrail = request?.guardrailConfig?.guardrailIdentifier;
    if (typeof guardrail === 'string') guardrails.push(guardrail);
  } catch {}
  return named;
}
