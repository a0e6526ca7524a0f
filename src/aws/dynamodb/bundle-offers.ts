import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type BundleOffers, isOffered } from '../../core/request/bundle-offers.ts';
import { readHoldMessage } from '../../core/request/hold-message.ts';
import { itemOf, namesIn } from './expressions.ts';
import { LaneItems } from './lane-items.ts';
import { OFFERS_PARTITION } from './lane-keys.ts';
import { queryItems } from './query.ts';

/** What nobody has taken by then, because its leader died, can be run no more. */
const KEPT_SECONDS = 3_600;

/** Each offered bundle is an item of the lanes table. The worker that deletes it runs the bundle. */
export function dynamoBundleOffers(client: DynamoDBClient, table: string): BundleOffers {
  const items = new LaneItems(client, table);
  const keyOf = (lease: string) => ({ lane: OFFERS_PARTITION, item: lease });

  return {
    async make(bundle) {
      const expires_at = Math.ceil(bundle.released_at / 1_000) + KEPT_SECONDS;
      const item = { ...keyOf(bundle.lease), message: JSON.stringify(bundle), expires_at };
      await client.send(new PutItemCommand({ TableName: table, Item: itemOf(item) }));
    },

    async list(limit) {
      const found = await queryItems(client, {
        table,
        where: '#lane = :lane',
        values: { lane: OFFERS_PARTITION },
        limit,
      });
      return found.map((it) => readHoldMessage(unmarshall(it).message)).filter(isOffered);
    },

    async stands(lease) {
      return (await items.read(keyOf(lease), ['item'])) !== undefined;
    },

    async take(lease) {
      const condition = 'attribute_exists(#item)';
      try {
        await client.send(
          new DeleteItemCommand({
            ...{ TableName: table, Key: itemOf(keyOf(lease)) },
            ...{ ConditionExpression: condition, ExpressionAttributeNames: namesIn(condition) },
          }),
        );
        return true;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        // Asked again because an answer was lost, it may have been deleted for us. If two run it, their claims tell.
        return (error.$metadata.attempts ?? 1) > 1;
      }
    },
  };
}
