import type { LaneStats } from '../../local/bedrock/stats.ts';

/** When a request became one that could be called, and when it no longer was: epoch milliseconds. */
export interface Waiting {
  from: number;
  until: number;
}

/** Use of a limit, 1 = all of it. */
export interface MeasuredUtilisation {
  rpm: number;
  tpm: number;
}

/** Stretches of time in which at least one request waited. */
export function backlogOf(waits: readonly Waiting[]): Waiting[] {
  const stretches: Waiting[] = [];
  for (const { from, until } of [...waits].sort((a, b) => a.from - b.from)) {
    const last = stretches.at(-1);
    if (last && from <= last.until) last.until = Math.max(last.until, until);
    else stretches.push({ from, until });
  }
  return stretches;
}

/** What a lane used, and what its limits offered, while it had a backlog. */
export interface LaneUse {
  backlogSeconds: number;
  calls: number;
  tokens: number;
  callsOffered: number;
  tokensOffered: number;
}

/**
 * The part of a backlog from the lane's first call on. The time before is that of the functions' start, which happens
 * once and does not say how well a lane uses its quota.
 */
export function sinceFirstCall(lane: LaneStats, backlog: readonly Waiting[]): Waiting[] {
  const first = lane.seconds.find(({ calls }) => calls > 0);
  if (!first) return [];
  const from = first.second * 1_000;
  return backlog
    .filter(({ until }) => until > from)
    .map((stretch) => ({ ...stretch, from: Math.max(stretch.from, from) }));
}

/**
 * The calls that Bedrock admitted during a backlog and the tokens that they were finally charged, counted at their
 * start. A second that the backlog covers in part counts in part. What was offered is limit × time.
 */
export function laneUse(lane: LaneStats, backlog: readonly Waiting[]): LaneUse {
  const backlogSeconds = backlog.reduce((sum, { from, until }) => sum + (until - from) / 1_000, 0);
  const { requestsPerMinute = 0, tokensPerMinute = 0 } = lane.limits;
  const use: LaneUse = {
    backlogSeconds,
    calls: 0,
    tokens: 0,
    callsOffered: (requestsPerMinute * backlogSeconds) / 60,
    tokensOffered: (tokensPerMinute * backlogSeconds) / 60,
  };
  for (const { second, calls, tokens } of lane.seconds) {
    const share = backlog.reduce((sum, stretch) => sum + overlap(stretch, second), 0);
    use.calls += calls * share;
    use.tokens += tokens * share;
  }
  return use;
}

/**
 * Use of the limits of all lanes together while they had a backlog: Σ used ÷ Σ offered, so that a lane counts by the
 * quota it had and the time it waited.
 */
export function utilisationOf(uses: readonly LaneUse[]): MeasuredUtilisation {
  const sum = (of: keyof LaneUse) => uses.reduce((total, use) => total + use[of], 0);
  const ratio = (used: number, offered: number) => (offered === 0 ? 0 : used / offered);
  return { rpm: ratio(sum('calls'), sum('callsOffered')), tpm: ratio(sum('tokens'), sum('tokensOffered')) };
}

function overlap({ from, until }: Waiting, second: number): number {
  return Math.max(0, Math.min(until / 1_000, second + 1) - Math.max(from / 1_000, second));
}
