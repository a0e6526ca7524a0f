import { randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  type LaneStatus,
  type LaneWatch,
  type Leadership,
  type Led,
  type ShownLane,
  WAKE_INTERVAL_MS,
} from '../../core/lane/ports.ts';
import { packed, unpacked } from '../packed.ts';
import { LaneItems } from './lane-items.ts';
import { estimatesKey, planKey, stateKey } from './lane-keys.ts';

/** Ingestion's view of a lane's state item. */
export function dynamoWatch(client: DynamoDBClient, table: string): LaneWatch {
  const items = new LaneItems(client, table);
  return {
    async status(lane) {
      const attributes = ['lease_until', 'asleep', 'woken_at', 'challenged_at', 'limits', 'figures'];
      const state: LaneStatus | undefined = await items.read(stateKey(lane), attributes);
      return state;
    },

    async markWoken(lane, now) {
      const nonce = randomUUID();
      const marked = await items.update(stateKey(lane), {
        update: 'SET #woken_at = :now, #woken_by = :nonce',
        condition: 'attribute_not_exists(#woken_at) OR #woken_at <= :before',
        values: { now, nonce, before: now - WAKE_INTERVAL_MS },
      });
      if (marked) return true;
      // The mark may be our own, with its answer lost: then no other caller is going to wake the lane.
      const state = await items.read(stateKey(lane), ['woken_by']);
      return state?.woken_by === nonce;
    },
  };
}

/**
 * The leader's lease on a lane's state item, and the plan in an item of its own, each fenced by the lease's token. A leader
 * first takes the lease, then puts its token on the plan and reads it in the same write: what its predecessor wrote before
 * counts, and what it writes after that is refused. Repeating any of these writes, as the SDK does when an answer is lost, gives
 * the same result again: what a holder takes twice it holds, with the later token.
 */
export function dynamoLeadership(client: DynamoDBClient, table: string): Leadership {
  const items = new LaneItems(client, table);

  /**
   * Undefined when a later leader has taken the plan already.
   * @param memory the plan of an earlier release, which kept it in the state item. It counts unless the last leader has put
   * its token on the plan's own item: then that leader has gone on from it.
   */
  async function takePlan({
    lane,
    token,
    memory,
  }: {
    lane: string;
    token: number;
    memory: unknown;
  }): Promise<Pick<Led, 'plan' | 'estimates' | 'estimated_at'> | undefined> {
    const [before, learned] = await Promise.all([
      items.update(planKey(lane), {
        update: 'SET #token = :token',
        condition: 'attribute_not_exists(#token) OR #token <= :token',
        values: { token },
        returns: 'ALL_OLD',
      }),
      items.read(estimatesKey(lane), ['estimates', 'estimated_at']),
    ]);
    if (before === undefined) return undefined;
    const plan = memory !== undefined && before.token !== token - 1 ? memory : before.plan;
    const at = learned?.estimated_at;
    return {
      ...textIn('plan', plan),
      ...textIn('estimates', learned?.estimates),
      ...(at !== undefined && { estimated_at: Number(at) }),
    };
  }

  return {
    async acquire(lane, holder, now, leaseUntil) {
      const state = await items.update(stateKey(lane), {
        update:
          'SET #holder = :holder, #lease_until = :lease_until ADD #token :one REMOVE #asleep, #challenged_at',
        condition:
          'attribute_not_exists(#lease_until) OR #lease_until <= :now OR #holder = :holder OR #asleep = :asleep',
        values: { holder, lease_until: leaseUntil, now, one: 1, asleep: true },
        returns: 'ALL_NEW',
      });
      if (state) {
        const token = Number(state.token);
        const found = await takePlan({ lane, token, memory: state.memory });
        const { figures }: LaneStatus = state;
        return found && { lane, holder, token, ...found, ...(figures && { figures }) };
      }
      await items.update(stateKey(lane), { update: 'SET #challenged_at = :now', values: { now } });
      return undefined;
    },

    async writePlan({ lane, token }, plan) {
      const written = await items.update(planKey(lane), {
        update: 'SET #plan = :plan',
        condition: '#token = :token',
        values: { plan: packed(plan, 'quick'), token },
      });
      return written !== undefined;
    },

    async writeEstimates({ lane, token }, estimates, now) {
      await items.update(estimatesKey(lane), {
        update: 'SET #estimates = :estimates, #estimated_at = :now, #token = :token',
        condition: 'attribute_not_exists(#token) OR #token <= :token',
        values: { estimates: packed(estimates, 'quick'), now, token },
      });
    },

    async renew({ lane, token }, { limits, figures }, leaseUntil) {
      const renewed = await items.update(stateKey(lane), {
        update: `SET #lease_until = :lease_until${showing({ limits, figures })} REMOVE #asleep, #memory`,
        condition: '#token = :token',
        values: { lease_until: leaseUntil, limits, figures, token },
        returns: 'ALL_NEW',
      });
      if (!renewed) return 'lost';
      return renewed.challenged_at === undefined ? 'renewed' : 'challenged';
    },

    async sleep({ lane, token }, { limits, figures }) {
      const marked = await items.update(stateKey(lane), {
        update: `SET #asleep = :asleep${showing({ limits, figures })} REMOVE #woken_at`,
        condition: '#token = :token',
        values: { asleep: true, limits, figures, token },
      });
      return marked !== undefined;
    },

    async release({ lane, token }) {
      await items.update(stateKey(lane), {
        update: 'SET #lease_until = :never',
        condition: '#token = :token',
        values: { never: 0, token },
      });
    },
  };
}

/** What there is to show, in an update. */
function showing({ limits, figures }: ShownLane): string {
  return `${limits ? ', #limits = :limits' : ''}${figures ? ', #figures = :figures' : ''}`;
}

/** An absent attribute is an absent field. Earlier releases wrote texts. */
function textIn<Name extends 'plan' | 'estimates'>(
  name: Name,
  kept: unknown,
): Pick<Led, never> | Record<Name, string> {
  const text = kept instanceof Uint8Array ? Buffer.from(unpacked(kept)).toString() : kept;
  return typeof text === 'string' ? ({ [name]: text } as Record<Name, string>) : {};
}
