import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { expect, it } from 'vitest';
import { dynamoRegistry } from '../../../src/aws/dynamodb/directory.ts';
import { IN_USE_MS } from '../../../src/core/lane/registration.ts';
import { ROW_RETENTION_MS } from '../../../src/core/reporting/rows.ts';

const NOW = 1_800_000_000_000;

type Item = Parameters<typeof unmarshall>[0];

/** A table that holds these items. `sent` are those that are put there. */
function registryOf(Items: Item[]) {
  const sent: Item[] = [];
  const send = async ({ input }: { input: { Item?: Item } }) => {
    if (input.Item !== undefined) sent.push(unmarshall(input.Item));
    return { Items };
  };
  const client = Object.assign(new DynamoDBClient({ region: 'us-east-1' }), { send });
  return { registry: dynamoRegistry(client, 'lanes'), sent };
}

it('a lane is listed for as long as reports may have rows of it, and then DynamoDB deletes it', async () => {
  const { registry, sent } = registryOf([]);
  await registry.register('a', 'model', NOW);
  expect(sent).toEqual([
    {
      ...{ lane: 'lanes', item: 'a', model_id: 'model', registered_at: NOW },
      expires_at: (NOW + IN_USE_MS + ROW_RETENTION_MS) / 1_000,
    },
  ]);
});

it('what an earlier release has registered is listed without a time', async () => {
  const { registry } = registryOf([{ lane: { S: 'lanes' }, item: { S: 'a' }, model_id: { S: 'model' } }]);
  expect(await registry.list()).toEqual([{ lane: 'a', model_id: 'model' }]);
});
