/** Calls through ports, seen from outside: any of them can be counted, failed, held up, or never answered. */

export interface PortCall {
  port: string;
  method: string;
  args: readonly unknown[];
}

/** What happens around a call. `proceed` lets it take effect. */
export type Around = (call: PortCall, proceed: () => Promise<unknown>) => Promise<unknown>;

type Method = (...args: unknown[]) => Promise<unknown>;

/** The same ports, each of whose calls goes through `around`. Ports are plain objects of asynchronous functions. */
export function interposed<Ports extends object>(ports: Ports, around: Around): Ports {
  const wrapped = Object.entries(ports).map(([port, methods]) => [
    port,
    isPort(port, methods) ? wrap(port, methods, around) : methods,
  ]);
  return Object.fromEntries(wrapped);
}

/** Time is no service: it is asked for in between calls. */
function isPort(name: string, value: unknown): value is Record<string, Method> {
  return name !== 'clock' && typeof value === 'object' && value !== null;
}

function wrap(port: string, methods: Record<string, Method>, around: Around): Record<string, Method> {
  const wrapped = Object.entries(methods).map(([method, call]): [string, Method] => [
    method,
    (...args) => around({ port, method, args }, () => call(...args)),
  ]);
  return Object.fromEntries(wrapped);
}

export function nameOf({ port, method }: PortCall): string {
  return `${port}.${method}`;
}
