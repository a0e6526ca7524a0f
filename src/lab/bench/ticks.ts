/** The cost of a tick and the ceiling of a leader: in memory, and on the embedded emulator of DynamoDB. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoBacklog, dynamoDue } from '../../aws/dynamodb/indexes.ts';
import { dynamoLanes } from '../../aws/dynamodb/lane-ports.ts';
import { dynamoRecords } from '../../aws/dynamodb/records.ts';
import { MEGABYTES_PER_PROCESSOR } from '../../core/invocation/memory.ts';
import { TABLES } from '../../core/layout/tables.ts';
import { createMemoryCloud } from '../../memory/cloud.ts';
import { createTable } from '../tables.ts';
import type { BusyLanePorts } from './busy-lane.ts';
import { type Ceiling, compareTicks, measureCeiling, type Span, STEADY, type TickCost } from './tick-cost.ts';

const FEW = 1_000;
const MANY_IN_MEMORY = 1_000_000;
/** The emulator stores some hundreds of records a second. */
const MANY_EMULATED = 5_000;
/** Of a busy tick, and its backlog. Five ticks a second: what one leader does at Lambda's share of a processor and above. */
const BUSY_RELEASES = 50;
const BUSY_BACKLOG = 1_500;
const BUSY: Span = { warmUpMs: 2_000, measuredMs: 6_000 };
/** Of a processor, by memory. */
const SHARES = [512, 1_024, MEGABYTES_PER_PROCESSOR].map((megabytes) => ({
  ...{ megabytes, share: megabytes / MEGABYTES_PER_PROCESSOR },
}));
/** A tick over the larger backlog takes at most so much longer. */
const MOST_RATIO = 1.2;

export interface TickFigures {
  ticks: { where: string; costs: TickCost[]; ratio: number; met: boolean }[];
  ceiling: Ceiling;
  /** Processor time of the leader with the SDK's client of DynamoDB; tables, queues and workers are not in it. */
  cpuMsPerRelease: number;
  atShares: { megabytes: number; releasesPerSecond: number }[];
}

export async function benchTicks(seed: number): Promise<TickFigures> {
  const inMemory = await compareTicks(
    [FEW, MANY_IN_MEMORY].map((waiting) => ({ waiting, ports: createMemoryCloud().ports })),
    STEADY,
  );
  const emulated = await withEmulator(async (portsFor) => {
    const backlogs = [FEW, MANY_EMULATED].map(async (waiting) => ({
      waiting,
      ports: await portsFor(waiting),
    }));
    return compareTicks(await Promise.all(backlogs), STEADY);
  });
  const busy = await withEmulator(async (portsFor) =>
    compareTicks([{ waiting: BUSY_BACKLOG, ports: await portsFor(BUSY_BACKLOG) }], BUSY, BUSY_RELEASES),
  );
  const cpuMsPerRelease = busy[0]?.cpuMsPerRelease ?? Number.NaN;
  return {
    ticks: [judge('in memory', inMemory), judge('on the emulator', emulated)],
    ceiling: await measureCeiling(seed),
    cpuMsPerRelease,
    atShares: SHARES.map(({ megabytes, share }) => ({
      megabytes,
      releasesPerSecond: Math.round((1_000 * share) / cpuMsPerRelease),
    })),
  };
}

export function tickLines({ ticks, ceiling, cpuMsPerRelease, atShares }: TickFigures): string[] {
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
    `A release costs its leader ${cpuMsPerRelease.toFixed(2)} ms of a processor, with the SDK's client of DynamoDB:`,
    ...atShares.map(
      ({ megabytes, releasesPerSecond }) =>
        `  ${releasesPerSecond} releases a second by a function of ${megabytes} MB, all its lanes together`,
    ),
  ];
}

function judge(where: string, costs: TickCost[]): TickFigures['ticks'][number] {
  const [few, many] = costs.map(({ medianMs }) => medianMs);
  const ratio = (many ?? Number.NaN) / (few ?? Number.NaN);
  return { where, costs, ratio, met: ratio <= MOST_RATIO };
}

const EMULATOR = `
  const server = require(process.argv[1])({ createTableMs: 0 });
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

async function withEmulator<T>(
  work: (portsFor: (waiting: number) => Promise<BusyLanePorts>) => Promise<T>,
): Promise<T> {
  // In a process of its own, so that its processor time is not the leader's.
  const emulator = spawn(
    process.execPath,
    ['--eval', EMULATOR, createRequire(import.meta.url).resolve('dynalite')],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [port] = await once(createInterface({ input: emulator.stdout }), 'line');
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  });
  try {
    return await work((waiting) => emulatedPorts(client, `bench-${waiting}`));
  } finally {
    client.destroy();
    emulator.kill();
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
