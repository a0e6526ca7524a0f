import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoBudgets } from './budgets.ts';
import { dynamoBundleLeases } from './bundle-leases.ts';
import { dynamoBundleOffers } from './bundle-offers.ts';
import { dynamoCallReports } from './call-reports.ts';
import { dynamoDirectory, dynamoRegistry } from './directory.ts';
import { dynamoControl } from './lane-control.ts';
import { dynamoLeadership, dynamoWatch } from './lane-states.ts';
import { dynamoSettings } from './settings.ts';

/** All that a leader finds in the lanes table. */
export function dynamoLanes(client: DynamoDBClient, table: string) {
  return {
    leadership: dynamoLeadership(client, table),
    watch: dynamoWatch(client, table),
    registry: dynamoRegistry(client, table),
    directory: dynamoDirectory(client, table),
    reports: dynamoCallReports(client, table),
    settings: dynamoSettings(client, table),
    control: dynamoControl(client, table),
    budgets: dynamoBudgets(client, table),
    leases: dynamoBundleLeases(client, table),
    offers: dynamoBundleOffers(client, table),
  };
}
