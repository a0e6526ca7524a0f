/** Names that a message can try to reach. */
export const BUCKET = 'calls';
/** An object that a pointer of {@link SAMPLES} names. */
export const POINTED_KEY = 'inbox/large.json';
