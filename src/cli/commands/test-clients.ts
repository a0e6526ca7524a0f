import path from 'node:path';
import { isPossible, openWays, WAYS, type Way } from '../../lab/external/client-ways.ts';
import {
  CLIENTS,
  type ClientReport,
  FEATURES,
  provideRunners,
  runClient,
} from '../../lab/external/clients.ts';
import { MissingToolError } from '../../lab/external/errors.ts';
import { PROJECT_FOLDER } from '../../lab/run/synthesis.ts';
import { command, EXIT } from '../command.ts';
import { table } from '../report/table.ts';
import { choice } from '../terminal/options.ts';

const FOLDER = path.join(PROJECT_FOLDER, 'examples/clients');

export default command('smoother test-clients', 'smoother test-clients --through sidecar')
  .addOption(choice('--through <way>', 'only one way from the clients to an answer', WAYS))
  .action(async ({ through }) => {
    const ways = through === undefined ? WAYS : [through];
    const runners = provideRunners(FOLDER);
    const { environments, close } = await openWays(ways);
    const rows: string[][] = [];
    const problems: string[] = [];
    try {
      for (const client of CLIENTS) {
        const runner = runners[client.language];
        if (runner instanceof MissingToolError) {
          rows.push([client.name, '', ...FEATURES.map(() => 'missing')]);
          problems.push(`${client.name} could not be tried. ${runner.message}`);
          continue;
        }
        for (const way of ways.filter((each) => isPossible(client, each))) {
          const report = await runClient(client, runner, environments[way] ?? {});
          rows.push([client.name, way, ...FEATURES.map((feature) => cell(report, feature))]);
          problems.push(...problemsOf(client.name, way, report));
        }
      }
    } finally {
      await close();
    }
    console.log(table(['client', 'through', ...FEATURES], rows));
    for (const problem of problems) console.log(`\n${problem}`);
    process.exitCode = problems.length === 0 ? EXIT.ok : EXIT.failed;
  });

/** A client may not have a feature at all. */
function cell({ results }: ClientReport, feature: string): string {
  const result = results.find((each) => each.feature === feature);
  return result === undefined ? '–' : result.ok ? 'ok' : 'failed';
}

function problemsOf(name: string, way: Way, { results, finished, log }: ClientReport): string[] {
  const place = `${name} through the ${way}`;
  const failed = results
    .filter(({ ok }) => !ok)
    .map(({ feature, error }) => `${place}, ${feature}: ${error}`);
  const ended = finished && results.length > 0;
  return ended ? failed : [...failed, `${place} did not get to its end:\n${log}`];
}
