/** Prefixes of inference profiles: one model, served from several Regions. */
const PROFILE_PREFIX = /^(us|us-gov|eu|jp|au|apac|ca|sa|mx|global)\./;

/** The id of the foundation model behind a model id, profile id or ARN, as far as the name tells. */
export function foundationModelId(modelId: string): string {
  const name = modelId.startsWith('arn:') ? modelId.slice(modelId.lastIndexOf('/') + 1) : modelId;
  return name.replace(PROFILE_PREFIX, '');
}
