/** `npm run bedrock-simulator -- [flags]`: the simulator alone, until Ctrl-C. Flags: docs/bedrock-simulator.md. */
import { startBedrockSimulator } from '../../local/bedrock/simulator.ts';
import { runCommand, untilSignal } from '../terminal/command.ts';
import { simulatorOptions } from '../terminal/simulator-flags.ts';

await runCommand(async (args) => {
  const simulator = await startBedrockSimulator(simulatorOptions(args));
  console.log(`Bedrock simulator on ${simulator.url}`);
  console.log(`Statistics at ${simulator.url}/_simulator/stats, Ctrl-C to stop`);
  await untilSignal();
  const { calls, throttles, tokens } = simulator.stats();
  await simulator.close();
  console.log(`\n${calls} calls, ${throttles} throttled, ${tokens} tokens charged`);
  return 0;
});
