/** Timeouts of the functions, in seconds. Invocation's is the variable `invocation_timeout_seconds`. */
export const INGESTION_TIMEOUT_SECONDS = 60;
/** A leader leads for up to 100 s and then hands over. */
export const PRIORITIZATION_TIMEOUT_SECONDS = 120;
export const REPORTING_TIMEOUT_SECONDS = 60;
/** A batch is worked on for 30 s at a time. */
export const BATCH_TIMEOUT_SECONDS = 120;
