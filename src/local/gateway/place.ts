/** Whose account the local cloud plays, and in which Region. */
export interface Place {
  region: string;
  accountId: string;
  /** Application inference profiles of the account: by ARN, what they were made from. */
  applicationProfiles?: Readonly<Record<string, string>>;
}
