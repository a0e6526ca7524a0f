/** What can happen to an instance at one of its calls. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { sha256 } from '../../core/request/keys.ts';
import { nameOf, type PortCall } from './calls.ts';
import { PortFailure } from './errors.ts';
import type { CallInterceptor, Instance } from './instance.ts';

/**
 * - `cut-before`, `cut-after`: the process dies before the call, or after it took effect and before its answer
 * - `fails`, `fails-after`: the process goes on with an error; with `fails-after` the call has taken effect
 * - `stalls`, `stalls-after`: the process stands still for a minute, before the call or before its answer
 */
export const MODES = ['cut-before', 'cut-after', 'fails', 'fails-after', 'stalls', 'stalls-after'] as const;
export type Mode = (typeof MODES)[number];
export const CUTS = ['cut-before', 'cut-after'] as const satisfies Mode[];

export const STALL_MS = 60_000;

/** Strikes at the nth call, counted from 1. */
export function atCall(n: number, mode: Mode): CallInterceptor {
  let made = 0;
  return (call, proceed, instance) => {
    made += 1;
    return made === n ? strike(mode, call, proceed, instance) : proceed();
  };
}

export interface RecordedCall {
  name: string;
  /** Epoch milliseconds of the virtual clock. */
  at: number;
}

/** Injects no fault and records the calls. */
export function recorder(): { fault: CallInterceptor; calls: RecordedCall[] } {
  const calls: RecordedCall[] = [];
  const fault: CallInterceptor = (call, proceed, instance) => {
    calls.push({ name: nameOf(call), at: instance.clock.now() });
    return proceed();
  };
  return { fault, calls };
}

export interface Progress {
  /** The request that makes the call. */
  victim: string;
  /** Its nth call, from 1. */
  at: number;
  /** How many calls each of the others has made by then, if it makes that many. */
  others: number;
}

/** The others get that far within this time, calls to Bedrock included. */
const GATHER_MS = 3_000;
const GATE_MS = 3 * GATHER_MS;

/** Strikes at a call of one request when all others of its batch have come exactly so far. `ids`: the batch. */
export function atProgress(
  ids: readonly string[],
  { victim, at, others }: Progress,
  mode: Mode,
): CallInterceptor {
  const attributed = attribution(ids);
  const made = new Map<string, number>();
  return async (call, proceed, instance) => {
    const id = attributed(call);
    if (id === undefined) return proceed();
    const nth = (made.get(id) ?? 0) + 1;
    made.set(id, nth);
    if (id === victim) {
      if (nth !== at) return proceed();
      await instance.clock.sleep(GATHER_MS);
      current.disable();
      return strike(mode, call, proceed, instance);
    }
    if (nth > others) await instance.clock.sleep(GATE_MS);
    return proceed();
  };
}

/** Counts each request's calls. */
export function progressRecorder(ids: readonly string[]): {
  fault: CallInterceptor;
  made: Map<string, number>;
} {
  const attributed = attribution(ids);
  const made = new Map<string, number>();
  const fault: CallInterceptor = (call, proceed) => {
    const id = attributed(call);
    if (id !== undefined) made.set(id, (made.get(id) ?? 0) + 1);
    return proceed();
  };
  return { fault, made };
}

async function strike(
  mode: Mode,
  call: PortCall,
  proceed: () => Promise<unknown>,
  instance: Instance,
): Promise<unknown> {
  if (mode === 'cut-before') return instance.kill();
  if (mode === 'fails') throw new PortFailure(nameOf(call));
  if (mode === 'stalls') await instance.clock.sleep(STALL_MS);
  const answer = await proceed();
  if (mode === 'cut-after') return instance.kill();
  if (mode === 'fails-after') throw new PortFailure(nameOf(call));
  if (mode === 'stalls-after') await instance.clock.sleep(STALL_MS);
  return answer;
}

/** The request that is being handled. One storage for all cases, disabled when unused: it slows every promise down. */
const current = new AsyncLocalStorage<string>();

/** The request of a batch that a call is made for: by the call's arguments, or else the one being handled. */
function attribution(ids: readonly string[]): (call: PortCall) => string | undefined {
  const byHash = new Map(ids.map((id) => [sha256(id).slice(0, 32), id]));
  return ({ args: [first] }) => {
    const named = idsIn(first).find((id) => ids.includes(id)) ?? byHash.get(hashIn(first));
    if (named === undefined) return current.getStore();
    current.enterWith(named);
    return named;
  };
}

/** The request ids that an argument of a call is, or contains. */
function idsIn(argument: unknown): string[] {
  if (typeof argument === 'string') return [argument.replace(/^rejected\//, '')];
  if (typeof argument !== 'object' || argument === null) return [];
  const { request_id, payload } = argument as { request_id?: string; payload?: unknown };
  if (request_id !== undefined) return idsIn(request_id);
  return payload === undefined ? [] : (JSON.stringify(payload).match(/(?<="text":")[^"]+/g) ?? []);
}

/** The request's hash in an object's key. */
function hashIn(argument: unknown): string {
  return typeof argument === 'string' ? (argument.split('/')[1] ?? '') : '';
}
