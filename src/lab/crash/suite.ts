/** The whole enumeration, in parts that can run side by side. */
import { boundaryCases, progressCases } from './boundaries.ts';
import type { CrashCase, EnumerationOptions } from './cases.ts';
import { UnknownCaseError } from './errors.ts';
import { explore, type Race, replay } from './interleavings.ts';
import { RACES } from './races.ts';
import { SCENARIOS } from './scenarios.ts';

export interface BrokenCase {
  id: string;
  invariants: string[];
}

/** What one part of the enumeration found. */
export interface Finding {
  function: string;
  scenario: string;
  cases: number;
  /** Only for races: whether every order has been tried. */
  complete?: boolean;
  broken: BrokenCase[];
}

export interface Part {
  name: string;
  run(options: EnumerationOptions): Promise<Finding>;
}

/** The most orders of one race that are tried; the widest races have more. */
const MOST_PATHS = { all: 20_000, slice: 20 };

export const PARTS: readonly Part[] = [
  ...SCENARIOS.filter(({ batch }) => batch !== undefined).map((scenario) => ({
    name: `${scenario.function}/${scenario.name}, others' progress`,
    run: async (options: EnumerationOptions) => runCases(await progressCases(scenario, options), options),
  })),
  ...RACES.map((race) => ({
    name: `${race.function}/${race.name}`,
    run: (options: EnumerationOptions) => exploreRace(race, options),
  })),
  ...SCENARIOS.map((scenario) => ({
    name: `${scenario.function}/${scenario.name}`,
    run: async (options: EnumerationOptions) => runCases(await boundaryCases(scenario, options), options),
  })),
];

/**
 * Plays one case again. Returns the steps of a race in their order, and what broke.
 * @throws {UnknownCaseError}
 */
export async function replayCase(caseId: string): Promise<{ steps: string[]; invariants: string[] }> {
  const race = RACES.find((it) => caseId.startsWith(`${idOf(it)}/`));
  if (race !== undefined) {
    const choices = caseId
      .slice(idOf(race).length + 1)
      .split('.')
      .map(Number);
    return replay(race, choices);
  }
  for (const scenario of SCENARIOS) {
    if (!caseId.startsWith(`${scenario.function}/${scenario.name}/`)) continue;
    const options: EnumerationOptions = { extent: 'all' };
    const cases = [...(await boundaryCases(scenario, options)), ...(await progressCases(scenario, options))];
    const found = cases.find(({ id }) => id === caseId);
    if (found !== undefined) return { steps: [], invariants: await found.run() };
  }
  throw new UnknownCaseError(caseId);
}

async function runCases(cases: readonly CrashCase[], { untilBroken }: EnumerationOptions): Promise<Finding> {
  const broken: BrokenCase[] = [];
  for (const { id, run } of cases) {
    const invariants = await run();
    if (invariants.length > 0) broken.push({ id, invariants });
    if (untilBroken && broken.length > 0) break;
  }
  const { function: name = '', scenario = '' } = cases[0] ?? {};
  return { function: name, scenario, cases: cases.length, broken };
}

async function exploreRace(race: Race, { extent, ...options }: EnumerationOptions): Promise<Finding> {
  const { paths, broken, complete } = await explore(race, { mostPaths: MOST_PATHS[extent], ...options });
  return {
    function: race.function,
    scenario: race.name,
    cases: paths,
    complete,
    broken: broken.map(({ choices, invariants }) => ({
      id: `${idOf(race)}/${choices.join('.')}`,
      invariants,
    })),
  };
}

function idOf({ function: name, name: race }: Race): string {
  return `${name}/${race}`;
}
