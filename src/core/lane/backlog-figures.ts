/** How much waits in a lane, as its leader tells others. The lane's state item must stay below 1 KiB, so it tells of the largest lines one by one. */
import type { Priority } from '../request/record.ts';

/** What came within so long before the count is told apart. */
export const ARRIVALS_MS = 5_000;
/** Lines told one by one, and the bytes that their tenants' names may take together. */
const MOST_LINES = 6;
const MOST_NAME_BYTES = 150;

/** Tuples, since names of attributes count in the size of an item. */
export interface BacklogFigures {
  /** When it was counted, epoch milliseconds. */
  at: number;
  /** Requests that came in the last {@link ARRIVALS_MS}, whether they still wait or not. */
  arrived: number;
  /** The largest lines: what waits of one priority and tenant. */
  lines: LineFigures[];
  /** All other lines of a priority together. */
  rest: RestFigures[];
}

/** `charge` is what a call of the line is expected to be charged, in tokens, and `perMinute` how many requests have come lately. */
export type LineFigures = [
  priority: Priority,
  tenant: string,
  requests: number,
  charge: number,
  perMinute: number,
];

export type RestFigures = [
  priority: Priority,
  tenants: number,
  requests: number,
  tokens: number,
  tokensPerMinute: number,
];

export function backlogFigures(at: number, arrived: number, lines: readonly LineFigures[]): BacklogFigures {
  const told: LineFigures[] = [];
  const rest = new Map<Priority, RestFigures>();
  let room = MOST_NAME_BYTES;
  const sizeOf = ([, , requests, charge, perMinute]: LineFigures) => (requests + perMinute) * charge;
  for (const line of lines.toSorted((a, b) => sizeOf(b) - sizeOf(a))) {
    const [priority, tenant, requests, charge, perMinute] = line;
    if (told.length < MOST_LINES && tenant.length <= room) {
      told.push(line);
      room -= tenant.length;
    } else {
      const [, tenants, others, tokens, coming] = rest.get(priority) ?? [priority, 0, 0, 0, 0];
      const together = [tokens + requests * charge, Math.round(coming + perMinute * charge)] as const;
      rest.set(priority, [priority, tenants + 1, others + requests, ...together]);
    }
  }
  return { at, arrived, lines: told, rest: [...rest.values()] };
}

export function tokensIn({ lines, rest }: BacklogFigures): number {
  const ofLines = lines.reduce((sum, [, , requests, charge]) => sum + requests * charge, 0);
  return rest.reduce((sum, [, , , tokens]) => sum + tokens, ofLines);
}

export function requestsIn({ lines, rest }: BacklogFigures): number {
  const ofLines = lines.reduce((sum, [, , requests]) => sum + requests, 0);
  return rest.reduce((sum, [, , requests]) => sum + requests, ofLines);
}
