/** A request fails with the third transient error: a fault that outlasts three releases is not a hiccup. */
export const MAX_FAILURES = 3;
