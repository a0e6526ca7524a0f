/** What is paid by the month, whatever the requests cost. */
import tariff from '../../stack/tariff.json' with { type: 'json' };

/** Each results queue with a name of its own has one more. */
export const ALARMS = 18;
/** Metrics of our own (src/core/prioritization/metrics.ts): without traffic only the heartbeat. */
const METRICS = { idle: 1, overall: 8, ofLane: 5 };

/** US dollars a month. */
export function monitoringUsd({ rate, lanes }: { rate: number; lanes: number }): number {
  const metrics = rate > 0 ? METRICS.overall + lanes * METRICS.ofLane : METRICS.idle;
  return (
    ALARMS * tariff.usd['alarm month'] + tariff.usd['dashboard month'] + metrics * tariff.usd['metric month']
  );
}
