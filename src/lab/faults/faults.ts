/** Faults from outside, for runs on the virtual clock. */
import { type Disturbance, SERVICES } from './disturbance.ts';

export interface FaultScenario {
  name: string;
  durationMs: number;
  /** Requests a minute while the fault lasts. */
  perMinute: number;
  disturbance?: Disturbance;
  /** The most by which the clocks of two instances differ, milliseconds. */
  clockSkewMs?: number;
  /** The share of hold messages that come twice, 0 to 1, and the longest delay of each. */
  queue?: { duplicates: number; latestMs: number };
  /** Bedrock answers every call with a server error. */
  bedrockIsOut?: true;
  /** Changes of the table reach reporting several times and in another order. */
  streamIsShuffled?: true;
}

const MINUTE_MS = 60_000;
/** Only lanes that have gone to sleep are woken through Lambda. */
const SLEEPY_PER_MINUTE = 6;
const minutes = (count: number, perMinute = 300) => ({ durationMs: count * MINUTE_MS, perMinute });

/** @param skewMs how much the clocks of two functions may differ by design */
export function faultsOf(skewMs: number): FaultScenario[] {
  const each = (about: string, count: number, disturbance: Omit<Disturbance, 'services'>): FaultScenario[] =>
    SERVICES.map((service) => ({
      name: `${service}: ${about}`,
      ...(service === 'Lambda' ? minutes(count * 12, SLEEPY_PER_MINUTE) : minutes(count)),
      disturbance: { services: [service], ...disturbance },
    }));
  return [
    ...each('errors, 5% of calls', 5, { errors: 0.05 }),
    ...each('answers lost, 5% of calls', 5, { lostAnswers: 0.05 }),
    ...each('partition', 2, { errors: 1 }),
    {
      name: 'all: 500 ms slower',
      ...minutes(5),
      disturbance: { services: SERVICES, delayMs: 500 },
    },
    {
      name: 'all: errors, lost answers, slow',
      ...minutes(5),
      disturbance: { services: SERVICES, errors: 0.01, lostAnswers: 0.01, delayMs: 100 },
    },
    { name: `clocks ${skewMs / 1_000} s apart`, ...minutes(5), clockSkewMs: skewMs },
    {
      name: 'messages twice, out of order',
      ...minutes(5),
      queue: { duplicates: 0.5, latestMs: 15_000 },
    },
    { name: 'stream again, reordered', ...minutes(5), streamIsShuffled: true },
    { name: 'Bedrock out for an hour', ...minutes(60, 60), bedrockIsOut: true },
  ];
}
