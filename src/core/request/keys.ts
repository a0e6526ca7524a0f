import { createHash } from 'node:crypto';
import type { Priority } from './record.ts';

/** Separates the parts of a key. No lane, tenant or request id may contain it (the message schema sees to it). */
const SEPARATOR = '|';

/** Releases and outcomes of one lane are spread over this many partitions of the due index. */
export const DUE_SHARDS = 4;
/** Requests of one lane, priority and tenant are spread over at most this many partitions of the backlog index. */
export const MOST_BACKLOG_SHARDS = 64;
/** The lane under which rejections wait for their result to be marked sent. */
export const REJECTIONS_LANE = 'rejections';

export interface BacklogPartition {
  lane: string;
  priority: Priority;
  tenant: string;
  /** A queue with more writes than one partition takes is spread over several. */
  shard: number;
}

export function backlogKey({ lane, priority, tenant, shard }: BacklogPartition): string {
  return [lane, priority, tenant, shard].join(SEPARATOR);
}

export function parseBacklogKey(key: string): BacklogPartition {
  const [lane = '', priority, tenant = '', shard] = key.split(SEPARATOR);
  return { lane, priority: Number(priority) as Priority, tenant, shard: Number(shard) };
}

/** The keys of every partition that may hold requests of the same lane, priority and tenant. */
export function backlogKeysBeside(key: string): string[] {
  const line = parseBacklogKey(key);
  return Array.from({ length: MOST_BACKLOG_SHARDS }, (_, shard) => backlogKey({ ...line, shard }));
}

export function dueKey(lane: string, requestId: string): string {
  return dueShardKey(lane, (createHash('md5').update(requestId).digest()[0] ?? 0) % DUE_SHARDS);
}

export function dueShardKey(lane: string, shard: number): string {
  return lane + SEPARATOR + shard;
}

const REJECTED = 'rejected/';

/** The record of a refused message. No request id contains a slash, so no producer can meet one. */
export function rejectionId(messageId: string): string {
  return `${REJECTED}${messageId}`;
}

/** The message's id in the id of such a record; undefined for a request's. */
export function rejectedMessageId(id: string): string | undefined {
  return id.startsWith(REJECTED) ? id.slice(REJECTED.length) : undefined;
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/**
 * A payload of up to so many bytes is an item of its own beside the records, which costs less than to put an object until it takes
 * eight write units: it is kept compressed, so that even encoded images hardly take more. Not a part of the record, each of whose
 * later writes would be billed for it.
 */
const SMALL_PAYLOAD_BYTES = 12_000;
const SMALL = 'small/';

export function isSmallPayload(bytes: number): boolean {
  return bytes <= SMALL_PAYLOAD_BYTES;
}

/** Both parts are hashes, so no producer can steer a key. */
export function payloadKey(requestId: string, contentHash: string, bytes: number): string {
  const request = sha256(requestId).slice(0, 32);
  return isSmallPayload(bytes)
    ? `${SMALL}${request}/${contentHash.slice(0, 32)}`
    : `payloads/${request}/${contentHash}.json`;
}

/** It is the key of an item. No request id contains a slash, so no record has it. */
export function isKeyOfSmallPayload(key: string): boolean {
  return key.startsWith(SMALL);
}

/** Each generation writes its own object: a late writer cannot replace a committed output. */
export function outputKey(requestId: string, generation: number): string {
  return `outputs/${sha256(requestId).slice(0, 32)}/${generation}.json`;
}
