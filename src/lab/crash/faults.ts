/** What can befall an instance at one of its calls. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { sha256 } from '../../core/request/keys.ts';
import { nameOf, type PortCall } from './calls.ts';
import { PortFailure } from './errors.ts';
import type { CallInterceptor, Instance } from './instance.ts';

/**
 * - `cut-before`, `cut-after`: the process dies before the call, or after it took effect and before its answer
 * - `fails`, `fails-after`: the process lives on with an error, though the call may have taken effect
 * - `stalls`, `stalls-after`: nothing is heard for a minute, before the call or before its answer
 */
export const MODES = ['cut-before', 'cut-after', 'fails', 'fails-after', 'stalls', 'stalls-after'] as const;
export type Mode = (typeof MODES)[number];
export const CUTS = ['cut-before', 'cut-after'] as const satisfies Mode[];

export const STALL_MS = 60_000;

/** Befalls the nth call, from 1. */
export function atCall(n: number, mode: Mode): CallInterceptor {
  let made = 0;
  return (call, proceed, instance) => {
    made += 1;
    return made === n ? befall(mode, call, proceed, instance) : proceed();
  };
}

export interface RecordedCall {
  name: string;
  /** Epoch milliseconds of the virtual clock. */
  at: number;
}

/** Befalls nothing: notes the calls. */
export function recorder(): { fault: CallInterceptor; calls: RecordedCall[] } {
  const calls: RecordedCall[] = [];
  const fault: CallInterceptor = (call, proceed, instance) => {
    calls.push({ name: nameOf(call), at: instance.clock.now() });
    return proceed();
  };
  return { fault, calls };
}

export interface Progress {
  /** The request whose call it is. */
  victim: string;
  /** Its nth call, from 1. */
  at: number;
  /** Calls that each of the others has made by then, if it makes so many. */
  others: number;
}

/** Others reach their progress within this time, calls of Bedrock included. */
const GATHER_MS = 3_000;
const GATE_MS = 3 * GATHER_MS;

/** Befalls one request's call of a batch when all others have come exactly so far. `ids`: the batch's requests. */
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
      return befall(mode, call, proceed, instance);
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

async function befall(
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

/** The request whose handling a call is part of. One for all cases, and off when it is not needed: it slows every promise. */
const current = new AsyncLocalStorage<string>();

/** Which request of a batch a call is made for: by its arguments, or else by the request whose handling it is part of. */
function attribution(ids: readonly string[]): (call: PortCall) => string | undefined {
  const byHash = new Map(ids.map((id) => [sha256(id).slice(0, 32), id]));
  return ({ args: [first] }) => {
    const named = idsIn(first).find((id) => ids.includes(id)) ?? byHash.get(hashIn(first));
    if (named === undefined) return current.getStore();
    current.enterWith(named);
    return named;
  };
}

/** Request ids in a call's argument: itself, or what it is about. */
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
