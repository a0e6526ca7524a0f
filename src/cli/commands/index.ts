/** Every command of the `smoother` line. A module is loaded only when its command runs, or says what it can do. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';

export interface CommandEntry {
  group: string;
  description: string;
  load(): Promise<{ default: unknown }>;
}

const MACHINE = 'On your machine:';
const OPERATORS = 'For operators:';
const CHECKS = 'Checks and benchmarks:';

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  start: {
    group: MACHINE,
    description: 'Send a file of requests through the whole smoother on the local cloud',
    load: () => import('./start.ts'),
  },
  dev: {
    group: MACHINE,
    description: 'Keep the local cloud up for any AWS client, until Ctrl-C',
    load: () => import('./dev.ts'),
  },
  'bedrock-simulator': {
    group: MACHINE,
    description: 'Run the Bedrock simulator alone, until Ctrl-C',
    load: () => import('./bedrock-simulator.ts'),
  },
  lanes: {
    group: OPERATORS,
    description: 'Show every lane: its state, its limits and its work',
    load: () => import('./lanes.ts'),
  },
  pause: {
    group: OPERATORS,
    description: 'Stop releasing the requests of a lane',
    load: () => import('./pause.ts'),
  },
  resume: {
    group: OPERATORS,
    description: 'Release the requests of a paused lane again',
    load: () => import('./resume.ts'),
  },
  drain: {
    group: OPERATORS,
    description: 'Pause a lane and wait until what was released has ended',
    load: () => import('./drain.ts'),
  },
  'dead-letters': {
    group: OPERATORS,
    description: 'List, redrive or drop messages of a dead-letter queue',
    load: () => import('./dead-letters.ts'),
  },
  failed: {
    group: OPERATORS,
    description: 'List, retry or drop requests that ended FAILED',
    load: () => import('./failed.ts'),
  },
  test: {
    group: CHECKS,
    description: 'Run all checks: format, lint, types, tests, synthesis',
    load: () => import('./test.ts'),
  },
  'bench-engine': {
    group: CHECKS,
    description: 'Measure the engine under load on a virtual clock',
    load: () => import('./bench-engine.ts'),
  },
  'bench-pipeline': {
    group: CHECKS,
    description: 'Measure bursts over the quota through the whole system',
    load: () => import('./bench-pipeline.ts'),
  },
  crash: {
    group: CHECKS,
    description: 'Let each function die at every call it makes, and check what is left',
    load: () => import('./crash.ts'),
  },
  faults: {
    group: CHECKS,
    description: 'Let services fail and functions be killed, and count the cost',
    load: () => import('./faults.ts'),
  },
  fuzz: {
    group: CHECKS,
    description: 'Send random text through ingestion',
    load: () => import('./fuzz.ts'),
  },
  soak: {
    group: CHECKS,
    description: 'Simulate hours of traffic with random faults on a virtual clock',
    load: () => import('./soak.ts'),
  },
  'test-moto': {
    group: CHECKS,
    description: 'Run the contract tests on moto, an independent emulator (needs Python)',
    load: () => import('./test-moto.ts'),
  },
  'test-clients': {
    group: CHECKS,
    description: 'Try other people’s Bedrock clients on the simulator (needs Python and npm)',
    load: () => import('./test-clients.ts'),
  },
  checkov: {
    group: CHECKS,
    description: 'Audit the synthesised stack with checkov (needs Python)',
    load: () => import('./checkov.ts'),
  },
  'e2e-terraform': {
    group: CHECKS,
    description: 'Apply the stack to moto with Terraform, and use it (needs both)',
    load: () => import('./e2e-terraform.ts'),
  },
};

/** A command as its module defines it. */
export async function loadCommand(name: string): Promise<CommandUnknownOpts> {
  const { default: loaded } = (await COMMANDS[name]?.load()) ?? {};
  return loaded as CommandUnknownOpts;
}
