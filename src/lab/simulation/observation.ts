/** What a run is told and what it tells. */

import type { Clock } from '../../core/clock.ts';
import type { PrioritizationSettings } from '../../core/prioritization/prioritize.ts';
import type { Outcome, Priority } from '../../core/request/record.ts';
import type { Enforcement } from '../../local/bedrock/accounting.ts';
import type { MemoryPorts } from '../../memory/cloud.ts';
import type { InjectionRates } from './fault-injector.ts';
import type { SeenCall } from './virtual-bedrock.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface WorldSettings {
  enforcement: Enforcement;
  seed: number;
  prioritization: PrioritizationSettings;
  /** How long a worker has for a bundle. */
  bundleMs: number;
  /** Of a worker. */
  memoryMegabytes: number;
  /** Absent: nothing goes wrong, and what goes wrong all the same ends the run. */
  injectedFaults?: InjectionRates;
  /** What stands between the smoother and AWS: the ports as they are unless given. */
  surround?: (ports: MemoryPorts, clock: VirtualClock) => MemoryPorts;
  /** Takes the lines with the leaders' metrics; nobody does unless given. */
  emit?: (line: object) => void;
  /** The time by a function instance's own clock: the true time unless given. */
  clockOf?: (clock: Clock) => Clock;
  /** How long a finished record can still be found, milliseconds. 180,000 unless given. */
  keptMs?: number;
}

/** What became of a request, in milliseconds of the virtual clock. */
export interface SeenRequest {
  lane: string;
  priority: Priority;
  tenant: string;
  acceptedAt: number;
  /** As estimated when it was accepted: half start before the first time, all but one in twenty before the second. */
  expectedStartAt?: number;
  promisedStartAt?: number;
  /** The first release: a request whose answer was cut, and which runs again, counts as served from then on. */
  firstReleasedAt?: number;
  /** The last release; absent while it waits. */
  releasedAt?: number;
  /** The last call; absent while it waits. */
  startedAt?: number;
  /** Milliseconds in calls before the last one, which brought no answer: that is not waiting. */
  calledMs: number;
  /** Absent: unfinished when the run ended. */
  status?: Outcome;
  finishedAt?: number;
  /** The part of its charge that is known before it runs. */
  inputTokens: number;
  /** What Bedrock charges for its answer, or would; 0 when it ended without one. */
  charge: number;
  /** It came with others at once: the burst's number. */
  burst?: number;
}

/** From accepted to sent to Bedrock, milliseconds; a request that still waits at the end has waited until then. */
export function waitOf({ acceptedAt, startedAt, calledMs }: SeenRequest, endedAt: number): number {
  return (startedAt ?? endedAt) - acceptedAt - calledMs;
}

export interface Observation {
  beganAt: number;
  endedAt: number;
  requests: SeenRequest[];
  calls: SeenCall[];
  /** Events of the virtual clock. */
  events: number;
  tally: Tally;
}

export interface Tally {
  accepted: number;
  /** Results, those sent again included. */
  sent: number;
  duplicates: number;
  /** Promises that were broken, in words. */
  violations: string[];
}
