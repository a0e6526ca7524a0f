/** What happened to a request and when, as far as its record tells. */
import { isOutcome, isRequest, type StoredRecord } from '../request/record.ts';

export interface HistoryEvent {
  /** Epoch milliseconds. */
  at: number;
  what: string;
}

/** In the order of time. A record keeps the times of its last release only. */
export function historyOf(record: StoredRecord): HistoryEvent[] {
  const events: [at: number | undefined, what: string][] = [
    [record.accepted_at, record.status === 'REJECTED' ? 'received' : 'accepted'],
  ];
  if (isRequest(record)) {
    const { generation, released_at, started_at, attempts, cancel_requested_at } = record;
    events.push(
      [released_at, generation > 1 ? `released for the ${ordinal(generation)} time` : 'released'],
      [started_at, attempts > 1 ? `sent to Bedrock for the ${ordinal(attempts)} time` : 'sent to Bedrock'],
      [cancel_requested_at, 'cancellation requested'],
    );
    if (record.status === 'RECEIVED' && generation > 0) {
      events.push([record.released_at, `came back: ${returnsOf(record)}`]);
    }
  }
  if (isOutcome(record.status)) {
    const isOwed = record.due_key !== undefined;
    events.push([
      record.finished_at,
      `ended ${record.status}${isOwed ? ', its result is not sent yet' : ''}`,
    ]);
  }
  return events.flatMap(([at, what]) => (at === undefined ? [] : { at, what })).sort((a, b) => a.at - b.at);
}

function returnsOf({
  throttles,
  failures,
  denials = 0,
}: {
  throttles: number;
  failures: number;
  denials?: number;
}) {
  const counted = [
    [throttles, 'throttled'],
    [failures, 'failed'],
    [denials, 'denied'],
  ] as const;
  const parts = counted.filter(([times]) => times > 0).map(([times, what]) => `${what} ${times}×`);
  return parts.length === 0 ? 'its release was lost' : parts.join(', ');
}

function ordinal(count: number): string {
  const last = count % 100 > 10 && count % 100 < 14 ? 0 : count % 10;
  return `${count}${['th', 'st', 'nd', 'rd'][last] ?? 'th'}`;
}
