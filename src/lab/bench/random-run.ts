/** One random workload, run and judged: what the family's table needs of it. */
import type { Enforcement } from '../../local/bedrock/accounting.ts';
import { bench } from './bench.ts';
import { burstRatio, type Figures } from './figures.ts';
import { randomWorkload } from './random-workloads.ts';

export interface RandomRun {
  number: number;
  seed: number;
  /** The workload's own unless given. */
  enforcement?: Enforcement;
}

export interface FamilyMember {
  name: string;
  about: string;
  figures: Figures;
  /** Used of what is attainable, in the lane where it is least; absent where no lane had a backlog. */
  ratio?: number;
  throttledShare: number;
  /** Nobody else uses the quota, and it does not change. */
  isAlone: boolean;
  /** Milliseconds that urgent requests waited beyond the unavoidable, p95. */
  urgentBeyondMs?: number;
  /** The tenants' gap as a part of what is allowed. */
  unfairness: number;
  /** Bursts, as a part of the time they may take; absent without any. */
  burst?: number;
  failed: number;
  realMs: number;
}

export async function runRandom({ number, seed, enforcement }: RandomRun): Promise<FamilyMember> {
  const begun = performance.now();
  const workload = randomWorkload(number, seed);
  const figures = await bench(workload, enforcement ?? workload.enforcement, seed);
  const { utilisation, throttledShare, urgent, fairness, bursts, failed, duplicateResults, violations } =
    figures;
  return {
    name: workload.name,
    about: workload.about,
    figures,
    ...(utilisation.length > 0 && { ratio: Math.min(...utilisation.map(({ ratio }) => ratio)) }),
    throttledShare,
    isAlone: workload.foreign === undefined && workload.quotaChanges === undefined,
    ...(urgent !== undefined && { urgentBeyondMs: Math.max(0, urgent.beyondMs) }),
    unfairness: fairness.ratio,
    ...(bursts.length > 0 && { burst: Math.max(...bursts.map(burstRatio)) }),
    failed: failed + duplicateResults + violations.length,
    realMs: performance.now() - begun,
  };
}
