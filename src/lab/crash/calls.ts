/** Intercepts calls through ports: each can be counted, made to fail, delayed, or left without an answer. */

export interface PortCall {
  port: string;
  method: string;
  args: readonly unknown[];
}

/** What happens around a call. `proceed` lets it take effect. */
export type Around = (call: PortCall, proceed: () => Promise<unknown>) => Promise<unknown>;

type Method = (...args: unknown[]) => Promise<unknown>;

/** The same ports, with every call going through `around`. Ports are plain objects of asynchronous functions. */
export function interposed<Ports extends object>(ports: Ports, around: Around): Ports {
  const wrapped = Object.entries(ports).map(([port, methods]) => [
    port,
    isPort(port, methods) ? wrap(port, methods, around) : methods,
  ]);
  return Object.fromEntries(wrapped);
}

/** The clock is not a service, so asking it is not a call. */
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
