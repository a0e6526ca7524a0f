/** What the smoother costs by the rate of requests: the virtual world runs, and everything that AWS would bill is counted. */

import { MEGABYTES_PER_PROCESSOR } from '../../core/invocation/memory.ts';
import { defaultSettings } from '../bench/bench.ts';
import type { RunTime } from '../simulation/environments.ts';
import { notingImages } from '../simulation/noting-images.ts';
import { exponential, forkRandom } from '../simulation/random.ts';
import { type Arrival, TARGETS, type Workload } from '../simulation/workload.ts';
import { World } from '../simulation/world.ts';
import { Bill, type Purpose } from './bill.ts';
import { bytesOf, queueRequestsOf } from './billed-sizes.ts';
import { addPayloadPuts, meteredPorts } from './metered-ports.ts';
import { monitoringUsd } from './monitoring.ts';
import { countReports, type Image } from './reporting-cost.ts';
import { packedSizes } from './sample-payloads.ts';

const SECONDS_A_MONTH = 30 * 86_400;
/** Before anything counts: lanes that were woken one by one are led by one function once the schedule has come. */
const WARM_UP_SECONDS = 120;
/** What counts lasts so long at least, and until so many requests have come. */
const LEAST_SECONDS = 120;
const REQUESTS = 1_200;
const MOST_SECONDS = 7_200;
const MEMORY_MEGABYTES = { leaders: 512, ingestion: 512, reporting: 256 };
const MODELS = [
  'amazon.nova-lite-v1:0',
  'amazon.nova-micro-v1:0',
  'amazon.nova-pro-v1:0',
  'us.amazon.nova-lite-v1:0',
  'us.amazon.nova-micro-v1:0',
  'us.amazon.nova-pro-v1:0',
  'us.anthropic.claude-haiku-4-5-20251001-v1:0',
  'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
  'eu.amazon.nova-lite-v1:0',
  'eu.amazon.nova-micro-v1:0',
];
/**
 * Measured with the built function on a machine of our own, without TLS: processor time of a call until it has been sent. The calls of
 * a bundle take turns, so the last of them is sent, and answered, so much later. The virtual world's own processor takes no time.
 */
const PROCESSOR_MS = 12;
/** Lambda's five pollers of an idle queue, each of which asks every 20 seconds. */
const POLLS_A_SECOND = 5 / 20;
/** Input, Hold Next Batch, and the queue of batches. */
const POLLED_QUEUES = 3;
/**
 * Assumed, as the virtual world runs neither: milliseconds of a run of ingestion and of reporting, and of each message in it, ten of
 * which are the compression of a small payload.
 */
const INGESTION_MS = { run: 30, message: 50 };
const REPORTING_MS = { run: 20, change: 2 };
/**
 * One container of ingestion reads the settings, a lane's state, and whether a lane that sleeps is paused, at most once in so many
 * seconds. Several containers, at high rates, would read as many times more.
 */
const INGESTION_LOOKS = { everySeconds: 2, readUnits: 3 };
/** Messages that come within this time of each other share a run of ingestion. */
const INGESTION_WINDOW_SECONDS = 0.05;
const MOST_IN_A_BATCH = 10;
/** Lines that are logged about a request, and about a run of a function (START, END and REPORT); leaders' metrics are counted. */
const LOG_BYTES = { request: 5 * 150, run: 350 };
export interface CostCase {
  /** Requests a second in all. */
  rate: number;
  lanes: number;
  inputBytes: number;
  outputBytes: number;
  callSeconds: number;
  /** Of a worker, in megabytes. */
  workerMemory: number;
}

export interface Cost extends CostCase {
  usdPerMonth: number;
  /** Without what exists whatever happens: alarms, dashboard and metrics. Absent without requests. */
  usdPerMillion?: number;
  /** US dollars a month. */
  lines: [purpose: Purpose, usd: number][];
}

export async function measureCost(it: CostCase, seed: number): Promise<Cost> {
  const seconds =
    it.rate === 0 ? LEAST_SECONDS : Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, REQUESTS / it.rate));
  const bill = new Bill();
  const images: Image[] = [];
  const sizes = { ...it, packedBytes: packedSizes(it.inputBytes) };
  const settings = defaultSettings('sliding-window', seed);
  const workers = Math.max(settings.prioritization.workers, Math.ceil(it.rate * it.callSeconds));
  const world = new World(workloadOf(it, WARM_UP_SECONDS + seconds, seed), {
    ...{ ...settings, memoryMegabytes: it.workerMemory },
    prioritization: { ...settings.prioritization, workers, queueDepthThreshold: Math.max(100, workers) },
    emit: (line) => bill.add('logs', 'log GB', bytesOf(line) / 1e9),
    surround: (ports, clock) =>
      meteredPorts(
        notingImages(ports, (record) => void images.push({ record, at: clock.now() })),
        bill,
        sizes,
      ),
  });
  world.begin();
  await world.clock.run(world.clock.now() + WARM_UP_SECONDS * 1_000);
  world.takeNotes();
  bill.clear();
  images.length = 0;
  const before = world.runTimes;
  await world.clock.run(world.clock.now() + seconds * 1_000);
  const { requests } = world.takeNotes();
  addPayloadPuts(bill, sizes, requests.length);
  addTheRest(bill, it, {
    ...{ seconds, requests: requests.length },
    leaders: since(before.prioritization, world.runTimes.prioritization),
    workers: since(before.invocation, world.runTimes.invocation),
    reporting: await countReports(images, bill),
  });
  const perMonth = SECONDS_A_MONTH / seconds;
  const lines = bill.lines.map(([purpose, usd]): [Purpose, number] => [purpose, usd * perMonth]);
  const running = lines.reduce((sum, [, usd]) => sum + usd, 0);
  const fixed = monitoringUsd(it);
  return {
    ...it,
    usdPerMonth: running + fixed,
    ...(requests.length > 0 && { usdPerMillion: (bill.usd / requests.length) * 1e6 }),
    lines: [...lines, ['monitoring', fixed]],
  };
}

interface Counted {
  seconds: number;
  requests: number;
  leaders: RunTime;
  workers: RunTime;
  reporting: { runs: number; changes: number };
}

function since(before: RunTime, now: RunTime): RunTime {
  return { starts: now.starts - before.starts, busyMs: now.busyMs - before.busyMs };
}

/** What the virtual world does not run: ingestion, reporting, pollers, logs. */
function addTheRest(
  bill: Bill,
  { rate, lanes, inputBytes, workerMemory }: CostCase,
  { seconds, requests, leaders, workers, reporting }: Counted,
): void {
  const memory = { ...MEMORY_MEGABYTES, workers: workerMemory };
  const run = (name: keyof typeof memory, starts: number, busyMs: number) => {
    bill.add(name, 'function start', starts);
    bill.add(name, 'GB-second', ((busyMs / 1_000) * memory[name]) / 1_024);
    bill.add('logs', 'log GB', (starts * LOG_BYTES.run) / 1e9);
  };
  run('leaders', leaders.starts, leaders.busyMs);
  const sendingMs = (requests * PROCESSOR_MS * MEGABYTES_PER_PROCESSOR) / workerMemory;
  run('workers', workers.starts, workers.busyMs + sendingMs);

  const together = Math.min(MOST_IN_A_BATCH, Math.max(1, rate * INGESTION_WINDOW_SECONDS));
  const batches = requests / together;
  run('ingestion', batches, batches * INGESTION_MS.run + requests * INGESTION_MS.message);
  const { everySeconds, readUnits } = INGESTION_LOOKS;
  bill.add('ingestion', 'read unit', readUnits * Math.min(requests, (lanes * seconds) / everySeconds));

  const { runs, changes } = reporting;
  run('reporting', runs, runs * REPORTING_MS.run + changes * REPORTING_MS.change);

  // The producer sends and the consumer receives and deletes; Lambda's pollers receive and delete what starts functions.
  bill.add('queues', 'queue request', requests * (queueRequestsOf(inputBytes) + 2));
  bill.add('queues', 'queue request', batches * (queueRequestsOf(together * inputBytes) + 1));
  bill.add('queues', 'queue request', workers.starts * 2);
  bill.add('queues', 'queue request', POLLED_QUEUES * POLLS_A_SECOND * seconds);
  bill.add('logs', 'log GB', (requests * LOG_BYTES.request) / 1e9);
}

function workloadOf(
  { rate, lanes, inputBytes, callSeconds }: CostCase,
  seconds: number,
  seed: number,
): Workload {
  const random = forkRandom(seed, 'arrivals');
  const modelIds = MODELS.slice(0, lanes);
  const arrivals: Arrival[] = [];
  for (
    let at = exponential(random, 1_000 / rate);
    rate > 0 && at < seconds * 1_000;
    at += exponential(random, 1_000 / rate)
  ) {
    const modelId = modelIds[arrivals.length % modelIds.length] as string;
    arrivals.push({
      at,
      modelId,
      priority: 3,
      tenant: 'default',
      inputTokens: Math.ceil(inputBytes / 4),
      outputTokens: 250,
      maxTokens: 500,
    });
  }
  return {
    name: 'cost',
    about: `${rate} a second`,
    lanes: modelIds.map((modelId) => ({
      modelId,
      limits: { requestsPerMinute: 60_000, tokensPerMinute: 1e9 },
    })),
    durationMs: seconds * 1_000,
    arrivals,
    latency: { firstTokenMs: callSeconds * 1_000, perTokenMs: 0 },
    targets: TARGETS,
  };
}
