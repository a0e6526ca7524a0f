/** Timeouts of the functions, in seconds. */

/** AWS asks for six times the consumer's timeout, so that a message is never delivered again while a worker still has it. */
export const VISIBILITY_PER_TIMEOUT = 6;
export const INGESTION_TIMEOUT_SECONDS = 60;
/** A leader leads for up to 100 s and then hands over. */
export const PRIORITIZATION_TIMEOUT_SECONDS = 120;
/**
 * As long as Lambda lets a function run. `invocation_timeout_seconds` is the time of one bundle: as long as that much is left, a
 * worker takes others along.
 */
export const INVOCATION_TIMEOUT_SECONDS = 900;
export const REPORTING_TIMEOUT_SECONDS = 60;
/** A batch is worked on for 30 s at a time. */
export const BATCH_TIMEOUT_SECONDS = 120;
