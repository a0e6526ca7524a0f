/** Answers what the page asks, and does what it may do, with the same code as the commands. */
import { sqsTarget } from '../../aws/operator-queues.ts';
import { cancelMessage } from '../../client/requests.ts';
import { systemClock } from '../../core/clock.ts';
import { viewBudgets } from '../../core/operations/budgets.ts';
import { DEAD_LETTER_QUEUES } from '../../core/operations/inspection.ts';
import { rememberedRows, viewOverview } from '../../core/operations/overview.ts';
import type { Interval } from '../../core/operations/ports.ts';
import { readUsage, usageBy } from '../../core/operations/usage.ts';
import { whyOf } from '../../core/operations/why.ts';
import type { ReportRows } from '../../core/reporting/ports.ts';
import { deadLetterPorts, operateDeadLetters } from '../operator/dead-letters.ts';
import { failedPorts, operateFailed } from '../operator/failed.ts';
import { queueState } from '../operator/inspect.ts';
import { ownPause } from '../operator/lane-command.ts';
import { chooseLane } from '../operator/lanes.ts';
import { operations } from '../operator/operations.ts';
import type { Stack } from '../operator/operator-command.ts';
import { type Action, type DeadLetters, type Done, type Found, type PageData, TABLES_BY } from './data.ts';

const HOUR_MS = 3_600_000;

export interface Answers {
  page(range?: Interval): Promise<Omit<PageData, 'live' | 'readOnly'>>;
  request(id: string): Promise<Found>;
  act(action: Action): Promise<Done>;
}

/** @param reportRows in place of the stack's own, to follow what is read of them */
export async function answers(stack: Stack, reportRows?: Pick<ReportRows, 'rows'>): Promise<Answers> {
  const direct = await operations(stack);
  const remembered = rememberedRows(reportRows ?? direct.rows, systemClock);
  const ports = { ...direct, rows: remembered };
  return {
    async page(range) {
      const at = systemClock.now();
      const shown = range ?? { from: at - HOUR_MS, to: at };
      const [lanes, rows, budgets, deadLetters] = await Promise.all([
        viewOverview(ports, systemClock, shown),
        readUsage(ports, shown),
        viewBudgets(ports, systemClock),
        countDeadLetters(stack),
      ]);
      const usage = Object.fromEntries(TABLES_BY.map((by) => [by, usageBy(rows, by)])) as PageData['usage'];
      return { at, region: stack.region, range: shown, lanes, usage, budgets, deadLetters };
    },

    async request(id) {
      return (await whyOf(ports, id, systemClock)) ?? { request_id: id, status: 'UNKNOWN' };
    },

    async act(action) {
      switch (action.action) {
        case 'pause':
        case 'resume': {
          const lane = await chooseLane(action.lane, direct);
          await direct.control.setPause(lane, action.action === 'pause' ? ownPause() : undefined);
          return { says: `${lane}: ${action.action === 'pause' ? 'paused' : 'resumed'}` };
        }
        case 'cancel':
          await sqsTarget(stack.sqs, await stack.names('input_queue_url')).send(
            cancelMessage(action.request),
          );
          return {
            says: `${action.request}: asked to cancel; it ends CANCELLED unless its call has been made`,
          };
        case 'retry':
          return { says: await retry(stack, action.request) };
        case 'redrive':
          return { says: await redrive(stack, action.queue).finally(remembered.forget) };
      }
    },
  };
}

async function countDeadLetters(stack: Stack): Promise<DeadLetters[]> {
  const queues = Object.keys(DEAD_LETTER_QUEUES) as DeadLetters['queue'][];
  return Promise.all(
    queues.map(async (queue) => {
      try {
        const { waiting, inFlight } = await queueState(stack, DEAD_LETTER_QUEUES[queue]);
        return { queue, count: waiting + inFlight };
      } catch {
        // A reader without this permission still sees the rest of the page.
        return { queue };
      }
    }),
  );
}

async function retry(stack: Stack, id: string): Promise<string> {
  const lines: string[] = [];
  await operateFailed('retry', { id }, await failedPorts(stack), (line) => lines.push(line));
  return lines.join('; ');
}

async function redrive(stack: Stack, queue: DeadLetters['queue']): Promise<string> {
  const lines: string[] = [];
  await operateDeadLetters('redrive', { queue }, deadLetterPorts(stack), (line) => lines.push(line));
  return lines.join('; ');
}
