/** Many random workloads, and how the whole family fares. */
import type { Enforcement } from '../../local/bedrock/accounting.ts';
import { inProcesses } from '../processes.ts';
import { quantile } from '../quantiles.ts';
import { URGENT_WAIT_P95_MS } from './figures.ts';
import type { FamilyMember, RandomRun } from './random-run.ts';

const PROGRAM = new URL('./random-worker.ts', import.meta.url);
const SHOWN_WORST = 10;

/** A measure of the members that have it, from bad to good. */
export interface Spread {
  measure: string;
  members: number;
  worst: number;
  /** One in twenty is worse. */
  p5: number;
  median: number;
  target: string;
  met: boolean;
}

export interface Family {
  spreads: Spread[];
  /** Members that are furthest from their targets, with what they miss. */
  worst: { member: FamilyMember; misses: string[] }[];
  members: FamilyMember[];
}

export async function runFamily(
  size: number,
  seed: number,
  enforcement: Enforcement | undefined,
  onMember: (member: FamilyMember) => void,
): Promise<Family> {
  const runs = Array.from({ length: size }, (_, number): RandomRun => ({ number, seed, enforcement }));
  const members = await inProcesses<RandomRun, FamilyMember>(PROGRAM, runs, onMember);
  return familyOf(members);
}

/** What is asked of each member, and of the family. */
interface Measure {
  name: string;
  of(member: FamilyMember): number | undefined;
  /** Larger is better. */
  rises: boolean;
  target: string;
  isMet(spread: Pick<Spread, 'worst' | 'p5' | 'median'>): boolean;
  /** How far from its target a member is: more than 1 misses it. */
  badness(value: number): number;
}

const MEASURES: readonly Measure[] = [
  {
    name: 'used of attainable',
    of: ({ ratio }) => ratio,
    rises: true,
    target: 'p5 ≥ 95 %, median ≥ 98 %',
    isMet: ({ median, p5 }) => median >= 0.98 && p5 >= 0.95,
    badness: (ratio) => (1 - ratio) / 0.05,
  },
  {
    name: 'throttled, alone',
    of: ({ throttledShare, isAlone }) => (isAlone ? throttledShare : undefined),
    rises: false,
    target: 'worst < 0.1 %',
    isMet: ({ worst }) => worst < 0.001,
    badness: (share) => share / 0.001,
  },
  {
    name: 'throttled, with others',
    of: ({ throttledShare, isAlone }) => (isAlone ? undefined : throttledShare),
    rises: false,
    target: 'p5 < 2 %',
    isMet: ({ p5 }) => p5 < 0.02,
    badness: (share) => share / 0.02,
  },
  {
    name: 'urgent beyond, s',
    of: ({ urgentBeyondMs }) => urgentBeyondMs && urgentBeyondMs / 1_000,
    rises: false,
    target: 'p5 ≤ 1.5 s',
    isMet: ({ p5 }) => p5 * 1_000 <= URGENT_WAIT_P95_MS,
    badness: (seconds) => (seconds * 1_000) / URGENT_WAIT_P95_MS,
  },
  {
    name: 'tenants apart',
    of: ({ unfairness }) => (unfairness === 0 ? undefined : unfairness),
    rises: false,
    target: 'p5 ≤ 1',
    isMet: ({ p5 }) => p5 <= 1,
    badness: (part) => part,
  },
  {
    name: 'time of bursts',
    of: ({ burst }) => burst,
    rises: false,
    target: 'p5 ≤ 1',
    isMet: ({ p5 }) => p5 <= 1,
    badness: (part) => part,
  },
  {
    name: 'failed',
    of: ({ failed }) => failed,
    rises: false,
    target: 'worst = 0',
    isMet: ({ worst }) => worst === 0,
    badness: (count) => 2 * count,
  },
];

export function familyOf(members: readonly FamilyMember[]): Family {
  const spreads = MEASURES.flatMap(({ name, of, rises, target, isMet }) => {
    const values = members.flatMap((member) => of(member) ?? []);
    if (values.length === 0) return [];
    const at = (share: number) => quantile(values, rises ? share : 1 - share);
    const spread = { worst: at(0), p5: at(0.05), median: at(0.5) };
    return [{ measure: name, members: values.length, ...spread, target, met: isMet(spread) }];
  });
  const judged = members.map((member) => {
    const marks = MEASURES.flatMap(({ name, of, badness }) => {
      const value = of(member);
      return value === undefined ? [] : [{ name, value, badness: badness(value) }];
    }).filter((mark) => mark.badness > 1);
    marks.sort((a, b) => b.badness - a.badness);
    return {
      member,
      badness: marks[0]?.badness ?? 0,
      misses: marks.map(({ name, value }) => `${name}: ${Number(value.toPrecision(3))}`),
    };
  });
  judged.sort((a, b) => b.badness - a.badness);
  return {
    spreads,
    worst: judged.filter(({ badness }) => badness > 1).slice(0, SHOWN_WORST),
    members: [...members],
  };
}
