import { dynamoClient, quotasClient, sqsClient } from '../src/aws/clients.ts';
import { dynamoBacklog, dynamoDue } from '../src/aws/dynamodb/indexes.ts';
import { dynamoLanes } from '../src/aws/dynamodb/lane-ports.ts';
import { dynamoRecords } from '../src/aws/dynamodb/records.ts';
import { readEnvironment } from '../src/aws/environment.ts';
import { serviceQuotas } from '../src/aws/service-quotas/quotas.ts';
import { sqsHoldQueue, sqsResults } from '../src/aws/sqs.ts';
import { systemClock } from '../src/core/clock.ts';
import { ENVIRONMENTS } from '../src/core/layout/environment.ts';
import { stdoutLog, writeLine } from '../src/core/log.ts';
import { type PrioritizationEvent, prioritize } from '../src/core/prioritization/prioritize.ts';
import { callMs, leaseMs } from '../src/core/request/times.ts';

const environment = readEnvironment(ENVIRONMENTS.prioritization, process.env);
const dynamo = dynamoClient();
const sqs = sqsClient();
const { REQUESTS_TABLE, LANES_TABLE } = environment;
const ports = {
  ...dynamoLanes(dynamo, LANES_TABLE),
  quotas: serviceQuotas(quotasClient(), dynamo, LANES_TABLE),
  records: dynamoRecords(dynamo, REQUESTS_TABLE),
  backlog: dynamoBacklog(dynamo, REQUESTS_TABLE),
  due: dynamoDue(dynamo, REQUESTS_TABLE),
  results: sqsResults(sqs, environment.RESULTS_QUEUE_URL),
  hold: sqsHoldQueue(sqs, environment.HOLD_QUEUE_URL),
  clock: systemClock,
  log: stdoutLog,
  maxAttempts: environment.MAX_ATTEMPTS,
  emit: writeLine,
};
const bundleMs = environment.INVOCATION_TIMEOUT_SECONDS * 1_000;
const settings = {
  engine: {
    averageRequestMs: environment.AVERAGE_REQUEST_DURATION * 1_000,
    minutesToProcess: environment.MINUTES_TO_PROCESS,
    leaseMs: leaseMs(bundleMs),
    callMs: callMs(bundleMs),
  },
  workers: environment.MAX_CONCURRENT_EXECUTIONS,
  queueDepthThreshold: environment.QUEUE_DEPTH_THRESHOLD,
  metricsNamespace: environment.METRICS_NAMESPACE,
};

/** Leads the lanes that the event names, or all of them, until others want them. */
export const handler = (event: PrioritizationEvent) => prioritize(ports, settings, event);
