/**
 * Unless the variable `max_attempts` says otherwise, a request fails with its fifth transient error. The rests between them are 1, 10,
 * 20 and 40 seconds: a fault that outlasts them is no hiccup, and with one call in twenty failing, one request in three million
 * meets five in a row.
 */
export const DEFAULT_MAX_ATTEMPTS = 5;

/**
 * A call that probes a stopped lane costs no attempt when Bedrock fails it, up to so many releases of a request: about three hours of
 * probes for one that waits alone. Beyond that it may be the request itself that Bedrock cannot serve.
 */
export const MAX_PROBED_RELEASES = 1_000;
