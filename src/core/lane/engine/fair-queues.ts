/** The order in which a lane's waiting requests are looked at: fair between priorities, and between tenants inside one. */
import TinyQueue from 'tinyqueue';
import { ownOf } from '../../request/own.ts';
import type { BacklogEntry } from '../../request/ports.ts';
import { PRIORITIES, type Priority } from '../../request/record.ts';
import { BlockedRequests, type BlockedRequestsState, type LetsPast } from './blocked-requests.ts';
import { StartTags } from './start-tags.ts';

/** Tenants that are ahead of the others are remembered for a successor, this many of a priority. */
const REMEMBERED_TENANTS = 100;
/** A tick looks at this many requests that do not fit, at most. */
const MAX_SKIPS = 100;

export interface Weights {
  priorityWeights: Record<Priority, number>;
  tenantWeights: Record<string, number>;
}

export interface FairQueuesState extends BlockedRequestsState {
  priorities: [Priority, number][];
  tenants: [Priority, [string, number][]][];
}

interface Line {
  priority: Priority;
  tenant: string;
  /** Of all shards, by arrival. */
  entries: BacklogEntry[];
  /** Index of the next to look at. */
  next: number;
  /** What its tenant has received, and when its next request is due: as last set in order. */
  tag: number;
  deadline: number;
  /** Among those that came into this tick. */
  place: number;
  /** Some were passed over in this tick: they still wait. */
  skipped: boolean;
}

export class FairQueues {
  readonly #priorities = new StartTags<Priority>();
  readonly #tenants = new Map<Priority, StartTags<string>>();
  #lines = new Map<Priority, Map<string, Line>>();
  /** Of each priority, the tenant whose turn it is first. Only the first one ever changes its place. */
  readonly #turns = new Map<Priority, TinyQueue<Line>>();
  #weights: Weights | undefined;
  #costOf: (entry: BacklogEntry) => number = () => 1;
  #current: Line | undefined;
  #skips = 0;
  /** Of which some were passed over in this tick. */
  readonly #skipped = new Set<Priority>();
  readonly #blocked: BlockedRequests;
  #urgentFirst = false;

  constructor(state?: FairQueuesState) {
    for (const priority of PRIORITIES) this.#tenants.set(priority, new StartTags());
    this.#blocked = new BlockedRequests(state);
    if (state === undefined) return;
    this.#priorities.restore(state.priorities);
    for (const [priority, ahead] of state.tenants)
      this.#tenants.get(priority)?.restore(ahead, REMEMBERED_TENANTS);
  }

  /** What waits at this tick, and what serving a request costs. */
  enter(
    queues: readonly (readonly BacklogEntry[])[],
    weights: Weights,
    costOf: (entry: BacklogEntry) => number,
  ): void {
    this.#weights = weights;
    this.#costOf = costOf;
    this.#lines = new Map();
    this.#turns.clear();
    this.#skips = 0;
    this.#urgentFirst = false;
    this.#skipped.clear();
    for (const queue of queues) for (const entry of queue) this.#lineOf(entry).entries.push(entry);
    for (const lines of this.#lines.values()) for (const line of lines.values()) inOrder(line.entries);
    this.#priorities.enter(this.waiting);
    for (const priority of PRIORITIES) {
      const lines = this.#lines.get(priority);
      this.#sharesOf(priority).enter(lines?.keys() ?? [], (tenant) => this.#tenantWeight(tenant));
      if (lines === undefined) continue;
      for (const line of lines.values()) this.#place(line);
      this.#turns.set(priority, new TinyQueue([...lines.values()], inTurn));
    }
    this.#blocked.forgetOthers(queues);
  }

  /** In this tick urgent work goes before its equals, however large. What it took before the others' turn is not owed to them. */
  putUrgentFirst(): void {
    this.#urgentFirst = true;
    this.#priorities.forgive(PRIORITIES[0]);
  }

  /** Priorities of which something waits. */
  get waiting(): Priority[] {
    return PRIORITIES.filter((it) => this.#lines.has(it));
  }

  /** Tenants of which something waits. */
  get tenants(): Set<string> {
    return new Set([...this.#lines.values()].flatMap((lines) => [...lines.keys()]));
  }

  /** From now on only urgent requests are looked at in this tick; all others still wait. */
  passOthers(): void {
    for (const priority of this.waiting) {
      if (priority === PRIORITIES[0]) continue;
      this.#skipped.add(priority);
      this.#lines.delete(priority);
      this.#turns.delete(priority);
    }
    this.#current = undefined;
  }

  /**
   * The request that is most entitled now; stays the same until it is served, skipped or dropped. Between priorities that is
   * the one that would have received least for its weight with it, and of equals the most urgent: so urgent work that is
   * within its share goes before all that came with it. Between tenants it is the one that has received least.
   */
  next(): BacklogEntry | undefined {
    this.#current = least(
      this.waiting.map((priority) => this.#firstOf(priority)),
      (line) => this.#rankOf(line),
      ({ priority }) => priority,
    );
    return this.#current && entryOf(this.#current);
  }

  #rankOf(line: Line): number {
    const { priority } = line;
    const entry = entryOf(line);
    const lets = this.#blocked.letsPast(entry);
    // Nobody may pass it.
    if (lets === 'nobody') return Number.NEGATIVE_INFINITY;
    // Room gathers for it: it takes its priority's turn, whatever its size.
    const isFirst = lets === 'urgent' || (this.#urgentFirst && priority === PRIORITIES[0]);
    const cost = isFirst ? 0 : this.#costOf(entry);
    return this.#priorities.tagOf(priority) + cost / this.#priorityWeight(priority);
  }

  /** Whom the request lets past that is looked at, as far as that has been decided. */
  get letsPast(): LetsPast {
    return this.#blocked.letsPast(entryOf(this.#line()));
  }

  /** Tokens of urgent work that was served since anything else was. */
  get urgentSince(): number {
    return this.#blocked.urgentSince;
  }

  /** The request was released at this cost. */
  serve(cost: number): void {
    const line = this.#line();
    this.#priorities.serve(line.priority, cost, this.#priorityWeight(line.priority));
    this.#sharesOf(line.priority).serve(line.tenant, cost, this.#tenantWeight(line.tenant));
    this.#blocked.served(entryOf(line), cost, this.#lines.has(PRIORITIES[0]));
    this.#advance(line);
    if (line.next < line.entries.length || line.skipped) return;
    this.#sharesOf(line.priority).leave(line.tenant);
    if (!this.#lines.has(line.priority) && !this.#skipped.has(line.priority)) {
      this.#priorities.leave(line.priority);
    }
  }

  /** What was served turned out to cost `tokens` more, or less. */
  correct({ priority, tenant }: { priority: Priority; tenant: string }, tokens: number): void {
    this.#priorities.correct(priority, tokens, this.#priorityWeight(priority));
    this.#sharesOf(priority).correct(tenant, tokens, this.#tenantWeight(tenant));
  }

  /**
   * The request does not fit now. Whom does it let past? An urgent one nobody: room is kept for it at once.
   * @param waitMs for how long others go past it
   * @param beside tokens that a minute has beside it
   * @returns `undefined`: enough requests have been looked at
   */
  skip(now: number, waitMs: number, beside: number): LetsPast | undefined {
    const line = this.#line();
    const isUrgent = line.priority === PRIORITIES[0];
    const lets = isUrgent ? 'nobody' : this.#blocked.decide(entryOf(line), now, waitMs, beside);
    this.#skips += 1;
    if (this.#skips > MAX_SKIPS) return undefined;
    line.skipped = true;
    this.#skipped.add(line.priority);
    this.#advance(line);
    return lets;
  }

  /** The request is out of the backlog without being served. */
  drop(): void {
    this.#advance(this.#line());
  }

  snapshot(): FairQueuesState {
    return {
      priorities: this.#priorities.ahead(PRIORITIES.length),
      tenants: PRIORITIES.map((it): [Priority, [string, number][]] => [
        it,
        this.#sharesOf(it).ahead(REMEMBERED_TENANTS),
      ]).filter(([, ahead]) => ahead.length > 0),
      ...this.#blocked.snapshot(),
    };
  }

  /** The tenant of a priority whose turn it is. */
  #firstOf(priority: Priority): Line {
    const first = this.#turns.get(priority)?.peek();
    if (first === undefined) throw new Error(`Nothing waits at priority ${priority}`);
    return first;
  }

  /** To the next request of the line whose turn it is. */
  #advance(line: Line): void {
    const turns = this.#turns.get(line.priority);
    turns?.pop();
    line.next += 1;
    this.#current = undefined;
    if (line.next < line.entries.length) {
      this.#place(line);
      turns?.push(line);
      return;
    }
    const lines = this.#lines.get(line.priority);
    lines?.delete(line.tenant);
    if (lines?.size === 0) this.#lines.delete(line.priority);
  }

  #place(line: Line): void {
    line.tag = this.#sharesOf(line.priority).tagOf(line.tenant);
    line.deadline = entryOf(line).deadline_at;
  }

  #lineOf({ priority, tenant }: BacklogEntry): Line {
    const lines = this.#lines.get(priority) ?? new Map<string, Line>();
    this.#lines.set(priority, lines);
    const line = lines.get(tenant) ?? {
      ...{ priority, tenant, entries: [], next: 0, skipped: false },
      ...{ tag: 0, deadline: 0, place: lines.size },
    };
    lines.set(tenant, line);
    return line;
  }

  #line(): Line {
    if (this.#current === undefined) throw new Error('No request has been looked at');
    return this.#current;
  }

  #sharesOf(priority: Priority): StartTags<string> {
    const shares = this.#tenants.get(priority);
    if (shares === undefined) throw new Error(`No such priority: ${priority}`);
    return shares;
  }

  #priorityWeight(priority: Priority): number {
    return this.#weights?.priorityWeights[priority] ?? 1;
  }

  #tenantWeight(tenant: string): number {
    return ownOf(this.#weights?.tenantWeights, tenant) ?? 1;
  }
}

/** The next of the line. */
function entryOf({ entries, next }: Line): BacklogEntry {
  return entries[next] as BacklogEntry;
}

/** Who has received less goes first; between equals the one with the earlier deadline. */
function inTurn(a: Line, b: Line): number {
  return a.tag - b.tag || a.deadline - b.deadline || a.place - b.place;
}

/** A tenant's queue may be spread over shards, each of which is in order of arrival. */
function inOrder(entries: BacklogEntry[]): void {
  const isSorted = entries.every(
    (it, i) => i === 0 || it.backlog_order >= (entries[i - 1]?.backlog_order ?? 0),
  );
  if (!isSorted) entries.sort((a, b) => a.backlog_order - b.backlog_order);
}

/** The item of the least rank; among equals the one with the least tie. */
function least<T>(
  items: Iterable<T>,
  rankOf: (item: T) => number,
  tieOf: (item: T) => number,
): T | undefined {
  let best: { item: T; value: number; tie: number } | undefined;
  for (const item of items) {
    const value = rankOf(item);
    if (best !== undefined && value > best.value) continue;
    const tie = tieOf(item);
    if (best === undefined || value < best.value || tie < best.tie) best = { item, value, tie };
  }
  return best?.item;
}
