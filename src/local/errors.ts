/** Base of everything that the local cloud refuses for a reason that its user can do something about. */
export class LocalCloudError extends Error {
  override name = 'LocalCloudError';
}
