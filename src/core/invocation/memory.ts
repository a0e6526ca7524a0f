/**
 * What a worker's memory holds. By measurement (docs/benchmark-cost.md) the function takes 72 MB before its first call, and up to five
 * times a payload's size while that is read, changed and sent over TLS. What is read as text takes up to 13 times its size beside
 * that. A bundle of small calls takes less.
 */
import { requestError } from '../request/error-types.ts';
import type { RequestError } from '../request/record.ts';

/** Lambda gives a function all of a processor at this memory, and less of it in proportion. */
export const MEGABYTES_PER_PROCESSOR = 1_769;

const OWN_MEGABYTES = 100;
const BYTES_PER_BYTE = 6;
const BYTES_PER_TEXT_BYTE = 12;
const MEGABYTE = 1_000_000;

export interface PayloadSizes {
  bytes: number;
  /** Without its long strings. */
  textBytes: number;
}

/** Why a payload cannot be called by a worker of this memory; undefined when it can. */
export function memoryViolation(
  { bytes, textBytes }: PayloadSizes,
  memoryMegabytes: number,
): RequestError | undefined {
  const needed = Math.ceil(
    OWN_MEGABYTES + (BYTES_PER_BYTE * bytes + BYTES_PER_TEXT_BYTE * textBytes) / MEGABYTE,
  );
  if (needed <= memoryMegabytes) return undefined;
  return requestError(
    'PayloadTooLarge',
    `The stored call of ${bytes} bytes needs a worker of ${needed} MB, and invocation_memory_megabytes is ${memoryMegabytes}`,
  );
}
