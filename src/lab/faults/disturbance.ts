/** What one AWS service does to its callers for a while. */
import type { Clock } from '../../core/clock.ts';
import type { MemoryPorts } from '../../memory/cloud.ts';
import { InjectedFaultError } from '../simulation/errors.ts';
import { wrapped } from '../simulation/fault-injector.ts';
import { exponential, type Random } from '../simulation/random.ts';
import type { Interval } from '../simulation/virtual-bedrock.ts';

export const SERVICES = ['DynamoDB', 'S3', 'SQS', 'Lambda'] as const;
export type Service = (typeof SERVICES)[number];

/** The service behind each port. A leader keeps the quotas that it knows: what Service Quotas does is no fault here. */
const SERVICE_OF: Record<keyof MemoryPorts, Service | 'Service Quotas'> = {
  records: 'DynamoDB',
  backlog: 'DynamoDB',
  due: 'DynamoDB',
  directory: 'DynamoDB',
  registry: 'DynamoDB',
  watch: 'DynamoDB',
  leadership: 'DynamoDB',
  reports: 'DynamoDB',
  settings: 'DynamoDB',
  budgets: 'DynamoDB',
  control: 'DynamoDB',
  leases: 'DynamoDB',
  offers: 'DynamoDB',
  payloads: 'S3',
  inbox: 'S3',
  hold: 'SQS',
  results: 'SQS',
  waker: 'Lambda',
  quotas: 'Service Quotas',
};

export interface Disturbance {
  services: readonly Service[];
  /** The share of calls that fail without effect, 0 to 1; 1 is a partition. */
  errors?: number;
  /** The share of calls that take effect and whose answer is lost, 0 to 1. */
  lostAnswers?: number;
  /** The mean of the additional delay of each call, milliseconds; it is distributed exponentially. */
  delayMs?: number;
}

export interface Surroundings {
  clock: Clock;
  random: Random;
  during: Interval;
  /** Called for every call that was disturbed. */
  onDisturbed: () => void;
}

/** The same ports, disturbed during the interval. */
export function disturb(
  ports: MemoryPorts,
  { services, errors = 0, lostAnswers = 0, delayMs = 0 }: Disturbance,
  { clock, random, during, onDisturbed }: Surroundings,
): MemoryPorts {
  const ofServices = ([name]: [string, unknown]) =>
    services.some((service) => service === SERVICE_OF[name as keyof MemoryPorts]);
  const disturbedPorts = Object.fromEntries(Object.entries(ports).filter(ofServices));
  const around = async (call: () => Promise<unknown>) => {
    const isDuring = during.from <= clock.now() && clock.now() < during.to;
    if (!isDuring) return call();
    const draw = random();
    const isLost = draw >= errors && draw < errors + lostAnswers;
    if (draw < errors + lostAnswers || delayMs > 0) onDisturbed();
    if (delayMs > 0) await clock.sleep(exponential(random, delayMs));
    if (draw < errors) throw new InjectedFaultError('not done');
    const answer = await call();
    if (isLost) throw new InjectedFaultError('done, the answer lost');
    return answer;
  };
  return { ...ports, ...wrapped(disturbedPorts, around) };
}
