/** Every command by its group in the help. A command is one line here, and one module of the same name in commands/. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';

export const GROUPS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'On your machine:': {
    start: 'Send a file of requests through the whole smoother on the local cloud',
    dev: 'Keep the local cloud up for any AWS client, until Ctrl-C',
    'bedrock-simulator': 'Run the Bedrock simulator alone, until Ctrl-C',
  },
  'For producers:': {
    submit: 'Send a file of requests; with --follow, wait for the results',
    status: 'Show where requests are, and what is ahead of them',
    results: 'Print the results of requests, or of a results queue',
    cancel: 'Take requests back',
    retry: 'Run requests that ended FAILED again, as new requests',
    batch: 'Submit a batch file, follow or cancel it, and fetch the answers',
    proxy: 'Answer Bedrock’s API on a local port through the smoother',
  },
  'For operators:': {
    console: 'Show and do all of this on a local web page',
    watch: 'Show every lane live: quota, backlog, waits, what binds',
    lanes: 'Show every lane: its state, what binds it, its limits and its work',
    budgets: 'Show what tenants have spent of their budgets today',
    why: 'Say why a request waits, when it will start, and what happened to it',
    doctor: 'Check the stack and the account; say what is wrong, and the remedy',
    report: 'Say what was used in a range of time, by lane, tenant, model and so on',
    'quota-case': 'Write what AWS asks for when it is to raise a quota',
    pause: 'Stop releasing the requests of a lane',
    resume: 'Release the requests of a paused lane again',
    drain: 'Pause a lane and wait until what was released has ended',
    'dead-letters': 'List, redrive or drop messages of a dead-letter queue',
    failed: 'List, retry or drop requests that ended FAILED',
  },
  'Checks and benchmarks:': {
    test: 'Run all checks: format, lint, types, tests, synthesis',
    'bench-cost': 'Measure what the smoother costs, by the rate of requests',
    'bench-engine': 'Measure the engine under load on a virtual clock',
    'bench-pipeline': 'Measure bursts over the quota through the whole system',
    'bench-batch': 'Measure memory, time and cost of one large batch file',
    'bench-client': 'Measure what the smoother adds to a call, and how many calls a sidecar holds open',
    crash: 'Let each function die at every call it makes, and check what is left',
    faults: 'Let services fail and functions be killed, and count the cost',
    fuzz: 'Send random text through ingestion',
    soak: 'Simulate hours of traffic with random faults on a virtual clock',
    'test-moto': 'Run the contract tests on moto, an independent emulator (needs Python)',
    'test-clients':
      'Try other people’s Bedrock clients on the simulator or the sidecar (needs Python and npm)',
    checkov: 'Audit the synthesised stack with checkov (needs Python)',
    'e2e-terraform': 'Apply the stack to moto with Terraform, and use it (needs both)',
  },
};

export const NAMES = Object.values(GROUPS).flatMap((commands) => Object.keys(commands));

/** Loads a command's module, which is done only to run the command or to show its help. */
export async function loadCommand(name: string): Promise<CommandUnknownOpts> {
  return (await import(`./commands/${name}.ts`)).default;
}
