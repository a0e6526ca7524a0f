/** Every call of a function, with everything that can happen to the function there. */
import type { CrashCase, EnumerationOptions, Extent } from './cases.ts';
import {
  atCall,
  atProgress,
  CUTS,
  MODES,
  type Mode,
  progressRecorder,
  type RecordedCall,
  recorder,
  STALL_MS,
} from './faults.ts';
import type { Sabotage } from './functions.ts';
import type { CallInterceptor } from './instance.ts';
import { brokenInvariants } from './invariants.ts';
import { Pipeline } from './pipeline.ts';
import type { Scenario } from './scenario.ts';

/** What has not come to rest by then never will. */
const GIVE_UP_MS = 20 * 60_000;
/** Of each scenario. */
const CASES_OF_SLICE = 7;

/** Plays a scenario with a fault in one function. Names the invariants that broke. */
async function play(
  scenario: Scenario,
  fault?: CallInterceptor,
  sabotage?: Sabotage,
  mode?: Mode,
): Promise<string[]> {
  const { function: name, invocation, limits, budgets, expected } = scenario;
  const before = scenario.before?.() ?? [];
  const injections = fault === undefined ? before : [...before, { function: name, invocation, fault }];
  const pipeline = new Pipeline({ limits, budgets, injections, sabotage });
  await scenario.prepare(pipeline);
  await pipeline.settle(GIVE_UP_MS);
  const stalled = mode === 'stalls' || mode === 'stalls-after' ? STALL_MS : 0;
  const faults = before.length + (mode === undefined ? 0 : 1);
  return brokenInvariants(pipeline, { ...expected, withinMs: expected.withinMs + stalled }, faults);
}

/** One case for each call of the function and each mode. */
export async function boundaryCases(
  scenario: Scenario,
  { extent, sabotage }: EnumerationOptions,
): Promise<CrashCase[]> {
  const { fault, calls } = recorder();
  await play(scenario, fault);
  const boundaries =
    scenario.function === 'prioritization' ? withoutRepeats(calls) : calls.map((_, at) => at + 1);
  const cases = boundaries.flatMap((at) =>
    modesFor(scenario).map((mode) => ({
      id: `${scenario.function}/${scenario.name}/${at}/${mode}`,
      function: scenario.function,
      scenario: scenario.name,
      run: () => play(scenario, atCall(at, mode), sabotage, mode),
    })),
  );
  return extentOf(cases, extent);
}

/** For a batch: one case for each request, each of its calls, and each progress of the others. */
export async function progressCases(
  scenario: Scenario,
  { extent, sabotage }: EnumerationOptions,
): Promise<CrashCase[]> {
  const { batch = [] } = scenario;
  const { fault, made } = progressRecorder(batch);
  await play(scenario, fault);
  const longest = Math.max(0, ...made.values());
  const cases = [...made].flatMap(([victim, calls]) =>
    range(1, calls).flatMap((at) =>
      range(0, longest).flatMap((others) =>
        CUTS.map((mode) => ({
          id: `${scenario.function}/${scenario.name}/${victim}@${at}+${others}/${mode}`,
          function: scenario.function,
          scenario: `${scenario.name}, others' progress`,
          run: () => play(scenario, atProgress(batch, { victim, at, others }, mode), sabotage, mode),
        })),
      ),
    ),
  );
  return extentOf(cases, extent);
}

/** A slice is spread evenly over the whole. */
function extentOf(cases: CrashCase[], extent: Extent): CrashCase[] {
  if (extent === 'all' || cases.length <= CASES_OF_SLICE) return cases;
  return range(0, CASES_OF_SLICE - 1).flatMap(
    (nth) => cases[Math.floor((nth * cases.length) / CASES_OF_SLICE)] ?? [],
  );
}

/** Lambda stops an instance at its function's timeout, so only a leader can stall and go on too late. */
function modesFor({ function: name }: Scenario): readonly Mode[] {
  return name === 'prioritization' ? MODES : MODES.filter((mode) => !mode.startsWith('stalls'));
}

/** The ticks in which a leader only reads, and writes the same plan again, are alike: one of each kind is enough. */
const UNEVENTFUL = new Set([
  ...['reports.since', 'control.pauseOf', 'settings.read', 'quotas.limitsOf', 'directory.list'],
  'directory.adoptEarlier',
  ...[
    'backlog.heads',
    'backlog.since',
    'due.due',
    'leases.expired',
    'leadership.writePlan',
    'leadership.renew',
  ],
]);

function withoutRepeats(calls: readonly RecordedCall[]): number[] {
  const instants = new Map<number, number[]>();
  for (const [index, { at }] of calls.entries()) instants.set(at, [...(instants.get(at) ?? []), index]);
  const seen = new Set<string>();
  return [...instants.values()].flatMap((indexes) => {
    const names = indexes.map((index) => calls[index]?.name ?? '');
    const kind = names.join(' ');
    const repeats = seen.has(kind) && names.every((name) => UNEVENTFUL.has(name));
    seen.add(kind);
    return repeats ? [] : indexes.map((index) => index + 1);
  });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}
