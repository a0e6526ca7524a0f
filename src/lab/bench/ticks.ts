/** The cost of a tick and the ceiling of a leader: in memory, and on the embedded emulator of DynamoDB. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoBacklog, dynamoDue } from '../../aws/dynamodb/indexes.ts';
import { dynamoLanes } from '../../aws/dynamodb/lane-ports.ts';
import { dynamoRecords } from '../../aws/dynamodb/records.ts';
import { TABLES } from '../../core/layout/tables.ts';
import { startEmulators } from '../../local/emulators.ts';
import { createMemoryCloud } from '../../memory/cloud.ts';
import { createTable } from '../tables.ts';
import type { BusyLanePorts } from './busy-lane.ts';
import { type Ceiling, compareTicks, measureCeiling, type TickCost } from './tick-cost.ts';

const FEW = 1_000;
const MANY_IN_MEMORY = 1_000_000;
/** The emulator stores some hundreds of records a second. */
const MANY_EMULATED = 5_000;
/** A tick over the larger backlog takes at most so much longer. */
const MOST_RATIO = 1.2;

export interface TickFigures {
  ticks: { where: string; costs: TickCost[]; ratio: number; met: boolean }[];
  ceiling: Ceiling;
}

export async function benchTicks(seed: number): Promise<TickFigures> {
  const inMemory = await compareTicks(
    [FEW, MANY_IN_MEMORY].map((waiting) => ({ waiting, ports: createMemoryCloud().ports })),
    { warmUp: 5, measured: 40 },
  );
  const emulated = await withEmulator(async (portsFor) => {
    const backlogs = [FEW, MANY_EMULATED].map(async (waiting) => ({
      waiting,
      ports: await portsFor(waiting),
    }));
    return compareTicks(await Promise.all(backlogs), { warmUp: 1, measured: 5 });
  });
  const ceiling = await measureCeiling(seed);
  return { ticks: [judge('in memory', inMemory), judge('on the emulator', emulated)], ceiling };
}

export function tickLines({ ticks, ceiling }: TickFigures): string[] {
  return [
    ...ticks.flatMap(({ where, costs, ratio, met }) => [
      ...costs.map(
        ({ waiting, medianMs, releasesPerTick }) =>
          `A tick ${where} with ${waiting} waiting: ${medianMs.toFixed(2)} ms, ` +
          `${releasesPerTick.toFixed(0)} releases`,
      ),
      `  ${ratio.toFixed(2)} times, at most ${MOST_RATIO}: ${met ? 'met' : 'missed'}`,
    ]),
    `One leader releases at most ${Math.round(ceiling.releasesPerSecond)} requests a second with the delays of AWS`,
    `  (${ceiling.computedMsPerRelease.toFixed(2)} ms of computing for each here, table and workers included)`,
  ];
}

function judge(where: string, costs: TickCost[]): TickFigures['ticks'][number] {
  const [few, many] = costs.map(({ medianMs }) => medianMs);
  const ratio = (many ?? Number.NaN) / (few ?? Number.NaN);
  return { where, costs, ratio, met: ratio <= MOST_RATIO };
}

async function withEmulator<T>(
  work: (portsFor: (waiting: number) => Promise<BusyLanePorts>) => Promise<T>,
): Promise<T> {
  const emulators = await startEmulators();
  const client = new DynamoDBClient({
    endpoint: emulators.dynamodbUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  });
  try {
    return await work((waiting) => emulatedPorts(client, `bench-${waiting}`));
  } finally {
    client.destroy();
    await emulators.stop();
  }
}

async function emulatedPorts(client: DynamoDBClient, name: string): Promise<BusyLanePorts> {
  const requests = `${name}-requests`;
  const lanes = `${name}-lanes`;
  await createTable(client, requests, TABLES.requests);
  await createTable(client, lanes, TABLES.lanes);
  return {
    ...dynamoLanes(client, lanes),
    records: dynamoRecords(client, requests),
    backlog: dynamoBacklog(client, requests),
    due: dynamoDue(client, requests),
    results: createMemoryCloud().ports.results,
  };
}
