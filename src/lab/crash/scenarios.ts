/** Representative inputs, and what each must end with. */
import { BATCH_SCENARIOS } from './batch-scenarios.ts';
import { BUDGET_SCENARIOS } from './budgets.ts';
import { INGESTION_SCENARIOS } from './ingestion-scenarios.ts';
import { INVOCATION_SCENARIOS } from './invocation-scenarios.ts';
import { PRIORITIZATION_SCENARIOS } from './prioritization-scenarios.ts';
import { expecting, requestBody, type Scenario, send, WIDE } from './scenario.ts';

const CHANGES: Scenario = {
  function: 'reporting',
  name: 'stream batch',
  invocation: 0,
  limits: WIDE,
  async prepare(pipeline) {
    pipeline.bedrock.script('r2', ['invalid']);
    send(
      pipeline,
      requestBody('r1'),
      requestBody('r2', { priority: 1 }),
      requestBody('r3', { tenant: 'acme' }),
      'not JSON',
    );
  },
  expected: expecting(['r1', 'r2', 'r3'], { outcomes: { r2: ['FAILED'], 'input-4': ['REJECTED'] } }),
};

export const SCENARIOS: readonly Scenario[] = [
  ...INGESTION_SCENARIOS,
  ...PRIORITIZATION_SCENARIOS,
  ...INVOCATION_SCENARIOS,
  ...BUDGET_SCENARIOS,
  CHANGES,
  ...BATCH_SCENARIOS,
];
