import type { IncomingMessage } from '../../../src/core/ingestion/incoming.ts';
import { Ingestion, type IngestionPorts } from '../../../src/core/ingestion/ingestion.ts';
import type { RequestRecord, StoredRecord } from '../../../src/core/request/record.ts';
import { createMemoryCloud } from '../../../src/memory/cloud.ts';

export const MODEL = 'anthropic.claude-3-haiku-20240307-v1:0';
export const HOME = { accountId: '123456789012', region: 'us-east-1' };
export const LANE = 'anthropic.claude-3-haiku:on-demand';

/** A container of the ingestion function over a world in memory, at a time that only the test moves. */
export function createWorld(wrap: (ports: IngestionPorts) => IngestionPorts = (ports) => ports) {
  const clock = { time: 1_800_000_000_000, now: () => clock.time };
  const cloud = createMemoryCloud({ clock });
  const logged: { event: string; fields: Record<string, unknown> }[] = [];
  const ports: IngestionPorts = {
    ...cloud.ports,
    clock,
    random: () => 0.999,
    log: (event, fields) => logged.push({ event, fields }),
  };
  const options = { bucket: 'calls', home: HOME, longestWaitSeconds: 6 * 86_400 };
  const container = () => new Ingestion(wrap(ports), options);
  const ingestion = container();
  return {
    clock,
    cloud,
    logged,
    /** A function container that remembers nothing. */
    container,
    ingest: (...messages: IncomingMessage[]) => ingestion.ingest(messages),
    records: (): StoredRecord[] => [...cloud.table.all()],
    /** Records of accepted requests. */
    requests: (): RequestRecord[] =>
      [...cloud.table.all()].filter((it): it is RequestRecord => it.status !== 'REJECTED'),
  };
}

export function messageOf(
  body: unknown,
  { id = 'm1', sentAt = 1_799_999_999_000, receiveCount = 1 } = {},
): IncomingMessage {
  return { id, body: typeof body === 'string' ? body : JSON.stringify(body), sentAt, receiveCount };
}

export function requestBody(fields: Record<string, unknown> = {}, text = 'hello') {
  return { model_id: MODEL, converse: { messages: [{ role: 'user', content: [{ text }] }] }, ...fields };
}
