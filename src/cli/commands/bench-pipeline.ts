import { type BurstLaneFigures, type Bursts, smoothBursts } from '../../lab/run/bursts.ts';
import { synthesise } from '../../lab/run/synthesis.ts';
import { ENFORCEMENTS } from '../../local/bedrock/accounting.ts';
import { command, EXIT } from '../command.ts';
import { percent } from '../report/numbers.ts';
import { table } from '../report/table.ts';
import { json } from '../terminal/options.ts';
import { printer } from '../terminal/printer.ts';

const BURSTS: Bursts = {
  ...{ rpm: 120, tpm: 20_000, requests: { rpm: 300, tpm: 300 } },
  enforcements: { rpm: ENFORCEMENTS, tpm: ENFORCEMENTS },
};
const LEAST_USED = 0.9;

export default command('smoother bench-pipeline --json figures.json')
  .addOption(json())
  .action(async ({ json: file }) => {
    const print = printer(file);
    const synthesis = await synthesise();
    try {
      print.line(
        `Bursts of 300 requests against ${BURSTS.rpm} requests and ${BURSTS.tpm} tokens a minute, under three\nenforcements: about four minutes ...\n`,
      );
      const figures = await smoothBursts(BURSTS, synthesis);
      const { lanes, startSpreadSeconds: spread, summary } = figures;
      print.line(laneTable(lanes));
      print.line(
        `\n${summary.lost} lost. Delays from release to start differed by up to ${spread.toFixed(1)} s: a long backlog\ncould then use ${percent(60 / (60 + spread))} of its limit without a throttle, and one of a few minutes a little\nmore, since it begins with a free minute.`,
      );
      print.figures({ bursts: BURSTS, ...figures });
      const good =
        summary.lost === 0 && lanes.every(({ throttled, used }) => throttled === 0 && used >= LEAST_USED);
      print.line(
        good
          ? '✔ No call throttled, at least 90 % of the binding limit used.'
          : '✘ A call was throttled, a request lost, or less than 90 % of the binding limit used.',
      );
      process.exitCode = good ? EXIT.ok : EXIT.failed;
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
    percent(used),
    `${backlogSeconds.toFixed(0)} s`,
    `${straight.throttled} of ${straight.calls}`,
  ]);
  return table(
    ['enforcement', 'bound by', 'calls', 'throttled', 'used', 'backlog', 'throttled straight'],
    rows,
  );
}
