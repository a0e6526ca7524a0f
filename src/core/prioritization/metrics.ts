/** Our own metrics, in CloudWatch's embedded metric format: a log line, no API call. Names: docs/architecture.md. */

/** Each metric and dimension has a price, so each is written only where an alarm or a graph of the dashboard reads it. */
export interface OverallMetrics {
  /** The alarm reads it. Work of priority 5 is left out: it may wait for days, as batches do. */
  OldestPriority1To4Seconds: number;
  Released: number;
  Throttled: number;
  LanesPaused: number;
  /** Of the requests that were released, by the start that was promised when they were accepted. */
  PromisesKept: number;
  PromisesBroken: number;
}

export interface LaneMetrics {
  OldestWaitingSeconds: number;
  /** What the calls of all that waits are expected to be charged. */
  WaitingTokens: number;
  /** Percent of the limit that binds. */
  QuotaUtilisation: number;
  /** Not reserved because the smoother chose max tokens, less what reruns cost. */
  TokensWonBack: number;
  /** Limits in use that neither a variable nor Service Quotas has confirmed. */
  LimitsAssumed: number;
}

const UNITS: Record<keyof LaneMetrics | keyof OverallMetrics | 'Heartbeat' | 'BudgetNotices', string> = {
  Heartbeat: 'Count',
  OldestPriority1To4Seconds: 'Seconds',
  OldestWaitingSeconds: 'Seconds',
  Released: 'Count',
  Throttled: 'Count',
  QuotaUtilisation: 'Percent',
  TokensWonBack: 'Count',
  LimitsAssumed: 'Count',
  LanesPaused: 'Count',
  PromisesKept: 'Count',
  PromisesBroken: 'Count',
  WaitingTokens: 'Count',
  BudgetNotices: 'Count',
};

export function heartbeatLine(namespace: string, now: number): object {
  return line(namespace, now, { Heartbeat: 1 });
}

/**
 * Some without dimensions and some by lane, in one line. What keeps requests waiting is beside them, which costs nothing: the
 * dashboard counts it in the logs.
 */
export function laneLine(
  namespace: string,
  now: number,
  lane: string,
  metrics: { overall: OverallMetrics; ofLane: LaneMetrics; bound?: string },
): object {
  const { overall, ofLane, bound } = metrics;
  return {
    ...embedded(namespace, now, [
      { dimensions: [], names: Object.keys(overall) },
      { dimensions: ['Lane'], names: Object.keys(ofLane) },
    ]),
    ...overall,
    ...ofLane,
    Lane: lane,
    ...(bound !== undefined && { Bound: bound }),
  };
}

/** A tenant has used much or all of its budget of the day; who and how much is beside the metric, which costs nothing. */
export function budgetNoticeLine(
  namespace: string,
  now: number,
  about: { Tenant: string; Percent: number },
): object {
  return { ...line(namespace, now, { BudgetNotices: 1 }), ...about };
}

function line(namespace: string, now: number, values: Partial<Record<keyof typeof UNITS, number>>): object {
  return { ...embedded(namespace, now, [{ dimensions: [], names: Object.keys(values) }]), ...values };
}

function embedded(namespace: string, now: number, sets: { dimensions: string[]; names: string[] }[]): object {
  const directives = sets.map(({ dimensions, names }) => ({
    Namespace: namespace,
    Dimensions: [dimensions],
    Metrics: names.map((name) => ({ Name: name, Unit: UNITS[name as keyof typeof UNITS] })),
  }));
  return { _aws: { Timestamp: now, CloudWatchMetrics: directives } };
}
