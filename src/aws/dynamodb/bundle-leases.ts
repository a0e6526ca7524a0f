import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import {
  type BundleLease,
  type BundleLeases,
  type LeasedRelease,
  leaseIdsFrom,
} from '../../core/request/bundle-lease.ts';
import { itemOf } from './expressions.ts';
import { LaneItems } from './lane-items.ts';
import { leasesPartition } from './lane-keys.ts';
import { queryItems } from './query.ts';

/** An item of the lanes table for each bundle that is out, with its releases as a set of texts. */
export function dynamoBundleLeases(client: DynamoDBClient, table: string): BundleLeases {
  const items = new LaneItems(client, table);
  const keyOf = (lane: string, id: string) => ({ lane: leasesPartition(lane), item: id });
  const removeEmpty = (lane: string, id: string) =>
    items.remove(keyOf(lane, id), 'attribute_not_exists(#releases)');

  return {
    async write({ lane, id, released_at, releases }) {
      const item = { ...keyOf(lane, id), released_at, releases: new Set(releases.map(textOf)) };
      await client.send(new PutItemCommand({ TableName: table, Item: itemOf(item) }));
    },

    async settle(lane, id, ended) {
      const values = { ended: new Set(ended.map(textOf)) };
      // Mostly they end together, and one write is enough.
      if (ended.length > 0) {
        if (await items.remove(keyOf(lane, id), '#releases = :ended', values)) return;
        const left = await items.update(keyOf(lane, id), {
          update: 'DELETE #releases :ended',
          condition: 'attribute_exists(#releases)',
          values,
          returns: 'ALL_NEW',
        });
        if (left?.releases !== undefined) return;
      }
      await removeEmpty(lane, id);
    },

    async withdraw(lane, id, release) {
      const text = textOf(release);
      const left = await items.update(keyOf(lane, id), {
        update: 'DELETE #releases :withdrawn',
        condition: 'contains(#releases, :text)',
        values: { withdrawn: new Set([text]), text },
        returns: 'ALL_NEW',
      });
      if (left !== undefined && left.releases === undefined) await removeEmpty(lane, id);
      return left !== undefined;
    },

    async all(lane) {
      const found = await items.all(leasesPartition(lane));
      return found.map((it) => leaseIn(lane, it));
    },

    async expired(lane, now, limit) {
      const found = await queryItems(client, {
        table,
        // A lease that has just ended must not be seen again: results would be sent twice.
        ConsistentRead: true,
        where: '#lane = :lane AND #item < :from',
        values: { lane: leasesPartition(lane), from: leaseIdsFrom(now + 1) },
        limit,
      });
      return found.map((it) => leaseIn(lane, unmarshall(it)));
    },
  };
}

function leaseIn(
  lane: string,
  { item, released_at, releases = [] }: ReturnType<typeof unmarshall>,
): BundleLease {
  return { lane, id: item, released_at, releases: [...releases].map(releaseOf) };
}

function textOf({ request_id, generation }: LeasedRelease): string {
  return `${generation}|${request_id}`;
}

function releaseOf(text: string): LeasedRelease {
  const bar = text.indexOf('|');
  return { request_id: text.slice(bar + 1), generation: Number(text.slice(0, bar)) };
}
