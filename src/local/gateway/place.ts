/** Whose account the local cloud plays, and in which Region. */
export interface Place {
  region: string;
  accountId: string;
}
