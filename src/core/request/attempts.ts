/** A request fails with the third transient error: a fault that outlasts three releases is not a hiccup. */
export const MAX_FAILURES = 3;

/**
 * A call that probes a stopped lane costs no attempt when Bedrock fails it, up to so many releases of a request: about three hours of
 * probes for one that waits alone. Beyond that it may be the request itself that Bedrock cannot serve.
 */
export const MAX_PROBED_RELEASES = 1_000;
