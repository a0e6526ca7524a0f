/**
 * `npm run bench:pipeline [-- --json FILE]`: a burst of 300 requests for each of two quotas (120 requests a minute; 20,000
 * tokens a minute) through the complete system on the local cloud, under each enforcement, and straight to Bedrock.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type BurstLaneFigures, type Bursts, smoothBursts } from '../../lab/run/bursts.ts';
import { synthesise } from '../../lab/run/synthesis.ts';
import { table } from '../report/table.ts';
import { runCommand } from '../terminal/command.ts';
import { readFlags } from '../terminal/flags.ts';

const BURSTS: Bursts = { rpm: 120, tpm: 20_000, requests: { rpm: 300, tpm: 300 } };
const LEAST_USED = 0.9;

await runCommand(async (args) => {
  const { json } = readFlags(args, ['json']);
  const synthesis = await synthesise(path.resolve(import.meta.dirname, '../../..'));
  try {
    console.log(
      `Bursts of 300 requests against ${BURSTS.rpm} requests and ${BURSTS.tpm} tokens a minute, under three enforcements: about four minutes ...\n`,
    );
    const figures = await smoothBursts(BURSTS, synthesis);
    const { lanes, startSpreadSeconds: spread } = figures;
    const { lost } = figures.summary;
    console.log(laneTable(lanes));
    console.log(
      `\n${lost} lost. Delays from release to start differed by up to ${spread.toFixed(1)} s: a long backlog could then use ${((60 / (60 + spread)) * 100).toFixed(1)} % of its limit without a throttle,\nand one of a few minutes a little more, since it begins with a free minute.`,
    );
    if (json !== undefined)
      await writeFile(json, `${JSON.stringify({ bursts: BURSTS, ...figures }, null, 2)}\n`);
    const good = lanes.every(({ throttled, used }) => throttled === 0 && used >= LEAST_USED);
    console.log(
      good && lost === 0
        ? '✔ No call throttled, at least 90 % of the binding limit used.'
        : '✘ A call was throttled, a request lost, or less than 90 % of the binding limit used.',
    );
    return good && lost === 0 ? 0 : 1;
  } finally {
    await synthesis.remove();
  }
});

function laneTable(lanes: readonly BurstLaneFigures[]): string {
  const rows = lanes.map(({ enforcement, bound, calls, throttled, used, backlogSeconds, straight }) => [
    enforcement,
    bound.toUpperCase(),
    String(calls),
    String(throttled),
    `${(used * 100).toFixed(1)} %`,
    `${backlogSeconds.toFixed(0)} s`,
    `${straight.throttled} of ${straight.calls}`,
  ]);
  const head = [
    'enforcement',
    'bound by',
    'calls',
    'throttled',
    'used',
    'backlog',
    'throttled when sent straight',
  ];
  return table(head, rows, () => true);
}
