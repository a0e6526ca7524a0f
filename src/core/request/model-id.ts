/** Prefixes of inference profiles: one model, served from several Regions. */
const PROFILE_PREFIX = /^(us|us-gov|eu|jp|au|apac|ca|sa|mx|global)\./;

/** By ARN of an application inference profile, which names no model: the id of the model or profile it was made from. */
export type Profiles = Readonly<Record<string, string>>;

/** The id by which a model is known: what an application inference profile was made from, where that is configured. */
export function knownAs(modelId: string, profiles: Profiles = {}): string {
  return (Object.hasOwn(profiles, modelId) ? profiles[modelId] : undefined) ?? modelId;
}

/** The id of the foundation model behind a model id, profile id, ARN or lane, as far as the name tells. */
export function foundationModelId(modelId: string): string {
  const name = modelId.startsWith('arn:') ? modelId.slice(modelId.lastIndexOf('/') + 1) : modelId;
  return name.replace(PROFILE_PREFIX, '');
}
