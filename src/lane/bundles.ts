import { BUNDLE_SIZE } from '../request/hold-message.ts';
import type { BacklogEntry } from '../request/ports.ts';

/** A worker holds its bundle's payloads in memory at once: their estimated size in sum is bounded. */
export const BUNDLE_BYTES = 10_000_000;

/** Groups releases for workers, in order. */
export class Bundles {
  #count = 0;
  #last = { releases: 0, bytes: 0 };

  get count(): number {
    return this.#count;
  }

  /** Bundles there would be with one more release. */
  countWith(entry: BacklogEntry): number {
    return this.#fits(entry) ? this.#count : this.#count + 1;
  }

  /** The bundle that the release belongs to, from 0. */
  add(entry: BacklogEntry): number {
    if (!this.#fits(entry)) {
      this.#count += 1;
      this.#last = { releases: 0, bytes: 0 };
    }
    this.#last.releases += 1;
    this.#last.bytes += entry.input_bytes;
    return this.#count - 1;
  }

  #fits(entry: BacklogEntry): boolean {
    return (
      this.#count > 0 &&
      this.#last.releases < BUNDLE_SIZE &&
      this.#last.bytes + entry.input_bytes <= BUNDLE_BYTES
    );
  }
}
