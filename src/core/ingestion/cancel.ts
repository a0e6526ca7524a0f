import { cancelled, earlyCancellation, isTakenBack } from '../request/cancellation.ts';
import { type DeliveryPorts, deliver } from '../request/deliver.ts';
import type { Records } from '../request/ports.ts';
import { isOutcome } from '../request/record.ts';
import { end, isExpired, renew, requestCancel } from '../request/transitions.ts';

export interface CancelPorts extends DeliveryPorts {
  records: Records;
}

/**
 * Takes a request back. One that waits ends at once, also when it has been released and no worker has claimed it. One that has been
 * claimed is marked: unless its call has been made, its worker ends it, or the function that puts it back. One that has not come yet
 * ends when it comes. After the outcome nothing happens. Repeating it changes nothing, except that it is waited for anew.
 */
export async function cancel(ports: CancelPorts, requestId: string, messageId: string): Promise<void> {
  const { records, clock, log } = ports;
  // Another round only when somebody else has moved the record in between.
  for (;;) {
    const now = clock.now();
    const standing = await records.read(requestId);
    if (standing === undefined || isExpired(standing, now)) {
      if (await records.create(earlyCancellation(requestId, messageId, now))) continue;
      return log('cancel.early', { request_id: requestId });
    }
    const { status } = standing;
    if (standing.status === 'RECEIVED') {
      const ended = await records.move(end(standing, cancelled(standing, now)));
      if (!ended.applied) continue;
      log(`request.${ended.record.status.toLowerCase()}`, { request_id: requestId });
      return deliver(ports, ended.record);
    }
    if (standing.status === 'CANCEL_REQUESTED') {
      const renewed = await records.move(renew(standing, earlyCancellation(requestId, messageId, now)));
      if (!renewed.applied) continue;
      return log('cancel.early', { request_id: requestId });
    }
    if (standing.status === 'REJECTED' || isOutcome(status)) {
      return log('cancel.without_effect', { request_id: requestId, status });
    }
    if (isTakenBack(standing)) return;
    const marked = await records.move(requestCancel(standing, now));
    if (marked.applied) return log('cancel.noted', { request_id: requestId, status });
  }
}
