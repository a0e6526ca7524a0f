/** Our own metrics, in CloudWatch's embedded metric format: a log line, no API call. Names: docs/architecture.md. */

export interface LaneMetrics {
  OldestWaitingSeconds: number;
  Released: number;
  Throttled: number;
  /** Percent of the limit that binds. */
  QuotaUtilisation: number;
  /** Not reserved because the smoother chose max tokens, less what reruns cost. */
  TokensWonBack: number;
  /** Limits in use that neither a variable nor Service Quotas has confirmed. */
  LimitsAssumed: number;
  LanesPaused: number;
}

const UNITS: Record<keyof LaneMetrics | 'Heartbeat' | 'BudgetNotices', string> = {
  Heartbeat: 'Count',
  OldestWaitingSeconds: 'Seconds',
  Released: 'Count',
  Throttled: 'Count',
  QuotaUtilisation: 'Percent',
  TokensWonBack: 'Count',
  LimitsAssumed: 'Count',
  LanesPaused: 'Count',
  BudgetNotices: 'Count',
};

export function heartbeatLine(namespace: string, now: number): object {
  return line(namespace, now, [[]], { Heartbeat: 1 });
}

/** Once without dimensions, for alarms, and once by lane, for the dashboard. */
export function laneLine(namespace: string, now: number, lane: string, metrics: LaneMetrics): object {
  return { ...line(namespace, now, [[], ['Lane']], metrics), Lane: lane };
}

/** A tenant has used much or all of its budget of the day; who and how much is beside the metric, which costs nothing. */
export function budgetNoticeLine(
  namespace: string,
  now: number,
  about: { Tenant: string; Percent: number },
): object {
  return { ...line(namespace, now, [[]], { BudgetNotices: 1 }), ...about };
}

function line(
  namespace: string,
  now: number,
  dimensions: string[][],
  values: Partial<Record<keyof typeof UNITS, number>>,
): object {
  const metrics = Object.keys(values).map((name) => ({
    Name: name,
    Unit: UNITS[name as keyof typeof UNITS],
  }));
  return {
    _aws: {
      Timestamp: now,
      CloudWatchMetrics: [{ Namespace: namespace, Dimensions: dimensions, Metrics: metrics }],
    },
    ...values,
  };
}
