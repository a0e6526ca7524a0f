/**
 * Tries every order in which processes can make their calls. A world cannot be copied, so each path is played from
 * the start. A path ends early at a state (of the world, and of what each process knows) that another path has
 * reached: equal states have equal futures.
 */
import { sha256 } from '../../core/request/keys.ts';
import { forkRandom, type Random } from '../simulation/random.ts';
import { LANE, type Sabotage } from './functions.ts';
import { brokenInvariants, type Expectation } from './invariants.ts';
import { INDEX_LAG_MS } from './pipeline.ts';
import { withoutNonces } from './scheduler.ts';
import { Stage } from './stage.ts';

export interface Race {
  name: string;
  function: string;
  /** Brings a world to where the processes meet, and adds them. */
  prepare(stage: Stage): Promise<void>;
  expected: Expectation;
  /** How many crashes the race amounts to: that many results may come twice, and calls be made in vain. */
  faults: number;
}

export interface Explored {
  /** Orders that were played to the end, or to a state that had been reached before. */
  paths: number;
  states: number;
  /** Whether every order has been tried. */
  complete: boolean;
  broken: { choices: number[]; invariants: string[] }[];
}

export interface Bounds {
  /** The search ends after this many. */
  mostPaths: number;
  /** The search ends at the first broken order, and tries those first that switch least between the processes. */
  untilBroken?: boolean;
  sabotage?: Sabotage;
}

const SETTLE_MS = 20 * 60_000;

export async function explore(race: Race, { mostPaths, untilBroken, sabotage }: Bounds): Promise<Explored> {
  const explored: Explored = { paths: 0, states: 0, complete: false, broken: [] };
  const met = new Set<string>();
  const ends = new Map<string, string[]>();
  const open = new OpenPrefixes(forkRandom(1, race.name));
  open.add([], 0);
  while (explored.paths < mostPaths && !(untilBroken && explored.broken.length > 0)) {
    const prefix = open.take();
    if (prefix === undefined) break;
    explored.paths += 1;
    const path = await follow(race, prefix, met, sabotage);
    for (let depth = path.ready.length - 1; depth >= prefix.length; depth -= 1) {
      for (let other = 1; other < (path.ready[depth]?.length ?? 0); other += 1) {
        const choices = [...path.choices.slice(0, depth), other];
        open.add(choices, untilBroken ? switchesIn(path.ready, choices) : 0);
      }
    }
    if (path.end === undefined) continue;
    const end = await stateOf(path.end);
    const invariants = ends.get(end) ?? (await recover(race, path.end));
    ends.set(end, invariants);
    if (invariants.length > 0) explored.broken.push({ choices: path.choices, invariants });
  }
  explored.states = met.size;
  explored.complete = open.isEmpty;
  return explored;
}

/** Beginnings of orders that have not been played. */
class OpenPrefixes {
  readonly #byRank: number[][][] = [];

  constructor(private readonly random: Random) {}

  get isEmpty(): boolean {
    return this.#byRank.every(({ length }) => length === 0);
  }

  add(prefix: number[], rank: number): void {
    while (this.#byRank.length <= rank) this.#byRank.push([]);
    this.#byRank[rank]?.push(prefix);
  }

  /** Takes one of the lowest rank: any, so that a search that ends early has varied early choices as well as late ones. */
  take(): number[] | undefined {
    const lowest = this.#byRank.find(({ length }) => length > 0) ?? [];
    const index = Math.floor(this.random() * lowest.length);
    const [last] = lowest.splice(-1);
    if (last === undefined || index === lowest.length) return last;
    const taken = lowest[index];
    lowest[index] = last;
    return taken;
  }
}

/** How often these choices leave one process for another. */
function switchesIn(ready: readonly string[][], choices: readonly number[]): number {
  const processes = choices.map((choice, depth) => ready[depth]?.[choice]);
  return processes.filter((process, depth) => depth > 0 && process !== processes[depth - 1]).length;
}

/** Plays one order to its end, then recovers. Returns the steps taken and what broke. */
export async function replay(
  race: Race,
  choices: readonly number[],
): Promise<{ steps: string[]; invariants: string[] }> {
  const { end, steps } = await follow(race, choices, new Set());
  return { steps, invariants: end === undefined ? [] : await recover(race, end) };
}

interface Path {
  choices: number[];
  /** The processes of the steps that could have been taken at each point. */
  ready: string[][];
  steps: string[];
  /** Undefined when the path ended at a state that had been reached before. */
  end?: Stage;
}

async function follow(
  race: Race,
  prefix: readonly number[],
  met: Set<string>,
  sabotage?: Sabotage,
): Promise<Path> {
  const stage = new Stage(sabotage);
  await race.prepare(stage);
  const { scheduler } = stage;
  const path: Path = { choices: [], ready: [], steps: [] };
  for (;;) {
    const ready = await scheduler.ready();
    if (ready.length === 0) return { ...path, end: stage };
    if (path.choices.length >= prefix.length) {
      const state = await stateOf(stage);
      if (met.has(state)) return path;
      met.add(state);
    }
    const choice = prefix[path.choices.length] ?? 0;
    path.choices.push(choice);
    path.ready.push(ready);
    path.steps.push(await scheduler.take(choice));
  }
}

async function recover({ expected, faults }: Race, { pipeline, scheduler }: Stage): Promise<string[]> {
  const stuck = scheduler.allEnded ? [] : ['a process waits for something that never comes'];
  await pipeline.settle(SETTLE_MS);
  return [...stuck, ...(await brokenInvariants(pipeline, expected, faults))];
}

/** The same text for the same state of the world and of what the processes in it know. */
async function stateOf({ pipeline, scheduler }: Stage): Promise<string> {
  const { cloud, ports, queues, results, bedrock, clock, stream } = pipeline;
  const now = clock.now();
  const isSeen = (at: number) => at + INDEX_LAG_MS <= now;
  const seen = new Map<string, string>();
  for (const { at, record } of stream.images) {
    if (isSeen(at)) seen.set(record.request_id, `${record.status} ${record.generation}`);
  }
  const unseen = stream.images
    .filter(({ at }) => !isSeen(at))
    .map(({ at, record: { request_id, status, generation } }) => [at, request_id, status, generation]);
  return sha256(
    withoutNonces([
      now,
      [...cloud.table.all()].sort((a, b) => (a.request_id < b.request_id ? -1 : 1)),
      [[...seen].sort(), unseen],
      [...cloud.lanes],
      cloud.leases(),
      await ports.directory.list(LANE),
      (await ports.registry.list()).map(({ lane }) => lane),
      await ports.reports.since(LANE, 0),
      [queues.map((queue) => queue.bodies()), results, bedrock.called, cloud.woken, pipeline.faults],
      [cloud.batches(), cloud.published, cloud.bucket.keys()],
      scheduler.knowledge(),
    ]),
  );
}
