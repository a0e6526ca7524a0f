/** By ARN of an application inference profile, which names no model: the id of the model or profile it was made from. */
import { ownOf } from './own.ts';

export type Profiles = Readonly<Record<string, string>>;

/** The id by which a model is known: what an application inference profile was made from, where that is configured. */
export function knownAs(modelId: string, profiles: Profiles = {}): string {
  return ownOf(profiles, modelId) ?? modelId;
}

/** By tenant and model or system profile id: the ARN of the tenant's own application inference profile of it. */
export type TenantProfiles = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The profile through which a tenant's calls of a model go; undefined where it has none. */
export function profileOfTenant(
  tenant: string,
  modelId: string,
  tenantProfiles: TenantProfiles = {},
): string | undefined {
  return ownOf(ownOf(tenantProfiles, tenant), modelId);
}

/** All application inference profiles that the variables name. */
export function knownProfiles(variables: {
  application_inference_profiles?: Profiles;
  tenant_inference_profiles?: TenantProfiles;
}): Profiles {
  const { application_inference_profiles = {}, tenant_inference_profiles = {} } = variables;
  const ofTenants = Object.values(tenant_inference_profiles).flatMap((profiles) =>
    Object.entries(profiles).map(([modelId, arn]) => [arn, modelId] as const),
  );
  return { ...Object.fromEntries(ofTenants), ...application_inference_profiles };
}

/** A prompt of Prompt management, called by its ARN. It brings its own messages and inference parameters. */
export function isStoredPrompt(modelId: string): boolean {
  return modelId.startsWith('arn:') && modelId.includes(':prompt/');
}

/** Geographies of inference profiles, as of November 2026. New ones are recognised by the maker that follows them. */
const GEOGRAPHIES = ['us', 'us-gov', 'eu', 'apac', 'jp', 'au', 'ca', 'in', 'sa', 'mx', 'global'];
const MAKERS = (
  'ai21 amazon anthropic cohere deepseek google luma meta minimax mistral moonshot moonshotai nvidia openai ' +
  'qwen stability twelvelabs writer xai zai'
).split(' ');

/** `eu.anthropic.claude-opus-5` → eu, anthropic.claude-opus-5. A model's own id has no geography. */
export function splitGeography(id: string): { geography?: string; model: string } {
  const [first = '', second = ''] = id.split('.', 2);
  const isGeography = GEOGRAPHIES.includes(first) || (!MAKERS.includes(first) && MAKERS.includes(second));
  return isGeography ? { geography: first, model: id.slice(first.length + 1) } : { model: id };
}

/** The id of the foundation model behind a model id, profile id, ARN or lane, as far as the name tells. */
export function foundationModelId(modelId: string): string {
  const id = modelId.startsWith('arn:') ? modelId.slice(modelId.lastIndexOf('/') + 1) : modelId;
  return splitGeography(id).model;
}
