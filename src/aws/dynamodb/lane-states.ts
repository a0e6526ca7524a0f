import { randomUUID } from 'node:crypto';
import {
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import {
  type LaneStatus,
  type LaneWatch,
  type Leadership,
  type Led,
  WAKE_INTERVAL_MS,
} from '../../core/lane/ports.ts';
import { itemOf, namesIn, unlessRefused, valuesOf } from './expressions.ts';
import { stateKey } from './lane-keys.ts';

interface Update {
  update: string;
  condition?: string;
  values: Record<string, unknown>;
  returns?: UpdateItemCommandInput['ReturnValues'];
}

/** Updates a lane's state; its attributes as asked for by `returns`, or undefined when the condition did not hold. */
async function updateState(client: DynamoDBClient, table: string, lane: string, change: Update) {
  const { update, condition, values, returns } = change;
  const written = await unlessRefused(
    client.send(
      new UpdateItemCommand({
        TableName: table,
        Key: itemOf(stateKey(lane)),
        UpdateExpression: update,
        ConditionExpression: condition,
        ExpressionAttributeNames: namesIn(update, condition ?? ''),
        ExpressionAttributeValues: valuesOf(values),
        ReturnValues: returns,
      }),
    ),
  );
  return written && unmarshall(written.Attributes ?? {});
}

async function readState(client: DynamoDBClient, table: string, lane: string, attributes: string[]) {
  const projection = attributes.map((name) => `#${name}`).join(', ');
  const { Item } = await client.send(
    new GetItemCommand({
      TableName: table,
      Key: itemOf(stateKey(lane)),
      ConsistentRead: true,
      ProjectionExpression: projection,
      ExpressionAttributeNames: namesIn(projection),
    }),
  );
  return Item && unmarshall(Item);
}

/** Ingestion's view of a lane's state item. */
export function dynamoWatch(client: DynamoDBClient, table: string): LaneWatch {
  return {
    async status(lane) {
      const attributes = ['lease_until', 'asleep', 'woken_at', 'limits', 'figures'];
      const state = await readState(client, table, lane, attributes);
      return state as LaneStatus | undefined;
    },

    async markWoken(lane, now) {
      const nonce = randomUUID();
      const marked = await updateState(client, table, lane, {
        update: 'SET #woken_at = :now, #woken_by = :nonce',
        condition: 'attribute_not_exists(#woken_at) OR #woken_at <= :before',
        values: { now, nonce, before: now - WAKE_INTERVAL_MS },
      });
      if (marked) return true;
      // The mark may be our own, with its answer lost: then no other caller is going to wake the lane.
      const state = await readState(client, table, lane, ['woken_by']);
      return state?.woken_by === nonce;
    },
  };
}

/**
 * The leader's lease on a lane's state item, fenced by its token. Repeating any of these writes, as the SDK does when
 * an answer is lost, gives the same again: what a holder takes twice it holds, with the later token.
 */
export function dynamoLeadership(client: DynamoDBClient, table: string): Leadership {
  const ownUpdate = ({ lane, token }: Led, { values, ...change }: Update) =>
    updateState(client, table, lane, {
      ...change,
      condition: '#token = :token',
      values: { ...values, token },
    });

  return {
    async acquire(lane, holder, now, leaseUntil) {
      const taken = await updateState(client, table, lane, {
        update:
          'SET #holder = :holder, #lease_until = :lease_until ADD #token :one REMOVE #asleep, #challenged_at',
        condition: 'attribute_not_exists(#lease_until) OR #lease_until <= :now OR #holder = :holder',
        values: { holder, lease_until: leaseUntil, now, one: 1 },
        returns: 'ALL_NEW',
      });
      if (taken) return { lane, holder, token: taken.token, ...(taken.memory && { snapshot: taken.memory }) };
      await updateState(client, table, lane, {
        update: 'SET #challenged_at = :now',
        values: { now },
      });
      return undefined;
    },

    async writePlan(led, { snapshot, limits, figures }, leaseUntil) {
      const optional = `${limits ? ', #limits = :limits' : ''}${figures ? ', #figures = :figures' : ''}`;
      const written = await ownUpdate(led, {
        update: `SET #memory = :memory, #lease_until = :lease_until${optional} REMOVE #asleep`,
        values: { memory: snapshot, lease_until: leaseUntil, limits, figures },
        returns: 'ALL_NEW',
      });
      if (!written) return 'lost';
      return written.challenged_at === undefined ? 'written' : 'challenged';
    },

    async sleep(led) {
      const marked = await ownUpdate(led, { update: 'SET #asleep = :asleep', values: { asleep: true } });
      return marked !== undefined;
    },

    async release(led) {
      await ownUpdate(led, { update: 'SET #lease_until = :never', values: { never: 0 } });
    },
  };
}
