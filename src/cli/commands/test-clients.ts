import path from 'node:path';
import { Smoother, startProxy } from '../../client/index.ts';
import {
  CLIENTS,
  type ClientReport,
  FEATURES,
  provideRunners,
  runClient,
} from '../../lab/external/clients.ts';
import { MissingToolError } from '../../lab/external/errors.ts';
import { EXAMPLE_EMAIL, startLocalSmoother } from '../../lab/run/local-smoother.ts';
import { PROJECT_FOLDER } from '../../lab/run/synthesis.ts';
import { startBedrockSimulator } from '../../local/bedrock/simulator.ts';
import { command, EXIT } from '../command.ts';
import { table } from '../report/table.ts';
import { choice } from '../terminal/options.ts';

const FOLDER = path.join(PROJECT_FOLDER, 'examples/clients');
const LATENCY_MS = 50;

/** What the clients talk to: the simulator itself, or the whole smoother on the local cloud, through its sidecar. */
const WAYS = { simulator: startSimulator, sidecar: startSidecar };

interface Endpoint {
  url: string;
  close(): Promise<void>;
}

export default command('smoother test-clients', 'smoother test-clients --through sidecar')
  .addOption(
    choice('--through <way>', 'what the clients talk to', Object.keys(WAYS) as (keyof typeof WAYS)[]).default(
      'simulator' as const,
    ),
  )
  .action(async ({ through }) => {
    const runners = provideRunners(FOLDER);
    const bedrock = await WAYS[through]();
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

async function startSimulator(): Promise<Endpoint> {
  return startBedrockSimulator({ latencyMedianMs: LATENCY_MS });
}

async function startSidecar(): Promise<Endpoint> {
  const local = await startLocalSmoother({
    models: [],
    quota: { requestsPerMinute: 6_000, tokensPerMinute: 10_000_000 },
    latencyMedianMs: LATENCY_MS,
    variables: { notification_email: EXAMPLE_EMAIL },
  });
  const { endpoint, operator: credentials, outputs } = local.cloud;
  const smoother = new Smoother({ outputs: outputs as never, endpoint, credentials });
  const proxy = await startProxy(smoother.calls(), { port: 0 });
  return {
    url: proxy.url,
    async close() {
      await proxy.close();
      smoother.destroy();
      await local.stop();
    },
  };
}

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
