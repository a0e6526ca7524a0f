import path from 'node:path';
import {
  CLIENTS,
  type ClientReport,
  FEATURES,
  provideRunners,
  runClient,
} from '../../lab/external/clients.ts';
import { MissingToolError } from '../../lab/external/errors.ts';
import { PROJECT_FOLDER } from '../../lab/run/synthesis.ts';
import { startBedrockSimulator } from '../../local/bedrock/simulator.ts';
import { command, EXIT } from '../command.ts';
import { table } from '../report/table.ts';

const FOLDER = path.join(PROJECT_FOLDER, 'examples/clients');
const LATENCY_MS = 50;

export default command('smoother test-clients').action(async () => {
  const runners = provideRunners(FOLDER);
  const bedrock = await startBedrockSimulator({ latencyMedianMs: LATENCY_MS });
  const rows: string[][] = [];
  const problems: string[] = [];
  try {
    for (const client of CLIENTS) {
      const runner = runners[client.language];
      if (runner instanceof MissingToolError) {
        rows.push([client.name, ...FEATURES.map(() => 'missing')]);
        problems.push(`${client.name} could not be tried. ${runner.message}`);
        continue;
      }
      const report = await runClient(client, runner, bedrock.url);
      rows.push([client.name, ...FEATURES.map((feature) => cell(report, feature))]);
      problems.push(...problemsOf(client.name, report));
    }
  } finally {
    await bedrock.close();
  }
  console.log(table(['client', ...FEATURES], rows));
  for (const problem of problems) console.log(`\n${problem}`);
  process.exitCode = problems.length === 0 ? EXIT.ok : EXIT.failed;
});

/** A client may not have a feature at all. */
function cell({ results }: ClientReport, feature: string): string {
  const result = results.find((each) => each.feature === feature);
  return result === undefined ? '–' : result.ok ? 'ok' : 'failed';
}

function problemsOf(name: string, { results, finished, log }: ClientReport): string[] {
  const failed = results.filter(({ ok }) => !ok).map(({ feature, error }) => `${name}, ${feature}: ${error}`);
  const ended = finished && results.length > 0;
  return ended ? failed : [...failed, `${name} did not get to its end:\n${log}`];
}
