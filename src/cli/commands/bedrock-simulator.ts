import { ENFORCEMENTS } from '../../local/bedrock/accounting.ts';
import { FAULT_KINDS, type FaultRates } from '../../local/bedrock/faults.ts';
import { startBedrockSimulator } from '../../local/bedrock/simulator.ts';
import { command } from '../command.ts';
import { counted } from '../report/numbers.ts';
import { accountId, choice, LIMIT, number, PORT, parsed, seed, wholeNumber } from '../terminal/options.ts';
import { untilSignal } from '../terminal/signals.ts';

const SIGMA = { min: 0, max: 3 };

export default command('smoother bedrock-simulator --port 4570 --rpm 600 --faults throttling=0.01')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .addOption(wholeNumber('--port <n>', 'port; 0 takes a free one', PORT).default(0))
  .addOption(accountId('--account <id>', 'the only account whose ARNs lead to something (default: all do)'))
  .addOption(wholeNumber('--rpm <n>', 'requests a minute of each model (default: no limit)', LIMIT))
  .addOption(wholeNumber('--tpm <n>', 'tokens a minute of each model (default: no limit)', LIMIT))
  .addOption(
    choice('--enforcement <kind>', 'how the minute is measured', ENFORCEMENTS).default(
      'sliding-window' as const,
    ),
  )
  .addOption(seed('of answers, sizes, latencies and faults'))
  .addOption(
    number('--latency-ms <n>', 'median latency of an answer of median size', {
      min: 0,
      max: 600_000,
    }).default(1_000),
  )
  .addOption(number('--latency-sigma <n>', 'spread of the logarithm of latencies', SIGMA).default(0.3))
  .addOption(
    number('--output-tokens <n>', 'median size of an answer', { min: 1, max: 1_000_000 }).default(200),
  )
  .addOption(number('--output-sigma <n>', 'spread of the logarithm of sizes', SIGMA).default(0.7))
  .addOption(
    parsed(
      '--faults <kind=rate,...>',
      `share of calls that fail, by kind: ${FAULT_KINDS.join(', ')}`,
      `a list of KIND=RATE with rates from 0 to 1, together at most 1, and kinds ${FAULT_KINDS.join(', ')}`,
      faultRates,
    ),
  )
  .action(async ({ account, rpm, tpm, latencyMs, outputTokens, ...options }) => {
    const simulator = await startBedrockSimulator({
      ...options,
      accountId: account,
      requestsPerMinute: rpm,
      tokensPerMinute: tpm,
      latencyMedianMs: latencyMs,
      outputMedianTokens: outputTokens,
    });
    const stopped = untilSignal();
    console.log(`Bedrock simulator on ${simulator.url}`);
    console.log(`Statistics at ${simulator.url}/_simulator/stats, Ctrl-C to stop`);
    await stopped;
    const { calls, throttles, tokens } = simulator.stats();
    await simulator.close();
    console.log(`\n${counted(calls, 'call')}, ${throttles} throttled, ${tokens} tokens charged`);
  });

/** `throttling=0.01,model-error=0.005` */
function faultRates(text: string): FaultRates | undefined {
  const rates: FaultRates = {};
  for (const part of text.split(',')) {
    const [name, rate = ''] = part.split('=');
    const kind = FAULT_KINDS.find((known) => known === name);
    if (kind === undefined || !/^[\d.]+$/.test(rate)) return undefined;
    rates[kind] = Number(rate);
  }
  const together = Object.values(rates).reduce((sum, rate) => sum + rate, 0);
  return together <= 1 ? rates : undefined;
}
