import type { InvocationPorts } from '../../../src/core/invocation/outcome.ts';

const METHODS = {
  records: ['read', 'move'],
  payloads: ['get', 'put'],
  model: ['call'],
  results: ['send'],
  reports: ['add'],
  directory: ['announce'],
} as const;

/** The same ports, with something around each of their calls. */
export function wrapped(
  ports: InvocationPorts,
  around: <T>(call: () => Promise<T>) => Promise<T>,
): InvocationPorts {
  const copy: Record<string, unknown> = { ...ports };
  for (const [port, methods] of Object.entries(METHODS)) {
    const original = copy[port] as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const wrappers = methods.map((method) => [
      method,
      (...args: unknown[]) =>
        around(() => (original[method] as (...all: unknown[]) => Promise<unknown>)(...args)),
    ]);
    copy[port] = { ...original, ...Object.fromEntries(wrappers) };
  }
  return copy as unknown as InvocationPorts;
}
