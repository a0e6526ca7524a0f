/** Names that a message can try to use. */
export const BUCKET = 'calls';
export const QUEUE = 'nightly';
/** An object to which a pointer among {@link SAMPLES} refers. */
export const POINTED_KEY = 'inbox/large.json';
/** Where the smoother runs: ARNs of other accounts and Regions are refused. */
export const HOME = { accountId: '123456789012', region: 'us-east-1' };
