import { checked } from './checked.ts';
import type { RequestRecord } from './record.ts';
import { known } from './versions.ts';

/** Releases that one worker runs concurrently. */
export const BUNDLE_SIZE = 40;
/** It holds their payloads in memory at once, and media in their answers: their estimated size in sum is bounded. */
export const BUNDLE_BYTES = 10_000_000;

/** What a release allows its call: its record has these from the claim on. */
export type Grant = Required<Pick<RequestRecord, 'reserved_tokens' | 'granted_max_tokens'>> &
  Pick<RequestRecord, 'expected_tokens' | 'most_max_tokens' | 'exceeds_quota' | 'budgeted'>;

/** One release of one request: the generation is the one that the claim of this release gives the record. */
export interface Release {
  request_id: string;
  generation: number;
  /** Absent in what earlier releases of the smoother sent: their leaders noted it in the record, as QUEUED. */
  grant?: Grant;
  /** The lane is stopped, and this call finds out whether Bedrock serves it again: a fault is not the request's. */
  probe?: true;
}

/**
 * What travels through the Hold Next Batch queue: a bundle of releases for one worker. A queue may split a batch of
 * messages over as many workers as it likes; a bundle stays together, so the leader knows how many workers it occupies.
 */
export interface HoldMessage {
  v: 1;
  lane: string;
  /** Epoch milliseconds by the leader's clock, of all releases in it. */
  released_at: number;
  releases: Release[];
  /** The id of the bundle's lease. Absent in what earlier releases of the smoother sent. */
  lease?: string;
  /** Of its payloads, as estimated: beside so much, its worker may take others along. Absent: it takes none. */
  bytes?: number;
  /** Workers that run already may take it along: see bundle-offers.ts. Earlier releases also sent it, as a message that came a little later. */
  offered?: true;
  /** Its lane has quota to spare, and need not know at once what has ended: its worker may report several ends together. */
  unhurried?: true;
  /** The partition to which its worker reports. Absent: any, also in what earlier releases of the smoother sent. */
  partition?: 0;
}

/**
 * A message of the Hold Next Batch queue.
 * @throws {UnknownVersionError} @throws {MalformedError}
 */
export function readHoldMessage(body: string): HoldMessage {
  const message = known<HoldMessage>('hold message', JSON.parse(body), {
    v: 'number',
    lane: 'string',
    released_at: 'number',
    releases: 'object',
  });
  for (const release of message.releases) {
    checked<Release>('hold message', release, { request_id: 'string', generation: 'number' });
  }
  return message;
}
