/**
 * What a worker's memory holds. By measurement (docs/benchmark-cost.md) the function takes 80 MB before its first call, and up to 13
 * times a payload's size while that is read, changed and sent, of which a heap near its limit saves some. A bundle of small calls takes less.
 */
import { requestError } from '../request/error-types.ts';
import type { RequestError } from '../request/record.ts';

const OWN_MEGABYTES = 130;
const BYTES_PER_BYTE = 12;
const MEGABYTE = 1_000_000;

/** Why a payload cannot be called by a worker of this memory; undefined when it can. */
export function memoryViolation(payloadBytes: number, memoryMegabytes: number): RequestError | undefined {
  const needed = Math.ceil(OWN_MEGABYTES + (BYTES_PER_BYTE * payloadBytes) / MEGABYTE);
  if (needed <= memoryMegabytes) return undefined;
  return requestError(
    'PayloadTooLarge',
    `The stored call of ${payloadBytes} bytes needs a worker of ${needed} MB, and invocation_memory_megabytes is ${memoryMegabytes}`,
  );
}
