import type { Clock } from '../../core/clock.ts';
import { laneOf } from '../../core/lane/catalog/catalog.ts';
import type { LaneControl, LaneRegistry, LaneWatch, Settings } from '../../core/lane/ports.ts';
import { knownAs } from '../../core/request/model-id.ts';
import { readFlags, UsageError } from '../terminal/flags.ts';

/** The table's name with the default `name_prefix`. */
const DEFAULT_TABLE = 'bedrock-request-smoother-lanes';
const LOOK_EVERY_MS = 1_000;
const COMMANDS = ['lanes', 'pause', 'resume', 'drain'] as const;

export interface OperatorPorts {
  control: LaneControl;
  registry: LaneRegistry;
  watch: LaneWatch;
  settings: Settings;
}

/**
 * `lanes` lists the lanes; `pause`, `resume` and `drain` take a lane or any model id that means it. Drain pauses and
 * returns when nothing that was released is unfinished. The table: `--lanes-table`, else LANES_TABLE, else the default.
 * @throws {UsageError}
 */
export async function operateLanes(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  portsOf: (table: string) => OperatorPorts,
  { clock, write }: { clock: Clock; write: (line: string) => void },
): Promise<number> {
  const words = args.filter((word, i) => !word.startsWith('--') && !args[i - 1]?.startsWith('--'));
  const flags = readFlags(
    args.filter((word) => !words.includes(word)),
    ['lanes-table'],
  );
  const ports = portsOf(flags['lanes-table'] || environment.LANES_TABLE || DEFAULT_TABLE);
  const command = COMMANDS.find((known) => known === words[0]);
  if (command === undefined) throw new UsageError('', `needs one of ${COMMANDS.join(', ')}`, words[0]);
  const lanes = (await ports.registry.list()).map(({ lane }) => lane);
  if (command === 'lanes') {
    for (const lane of lanes) write(await lineOf(lane, ports, clock));
    return 0;
  }
  const { application_inference_profiles: profiles } = await ports.settings.read();
  const lane = lanes.find((known) => known === laneOf(knownAs(words[1] ?? '', profiles)));
  if (lane === undefined) throw new UsageError('', `${command} needs one of ${lanes.join(', ')}`, words[1]);
  await ports.control.setPaused(lane, command !== 'resume');
  write(`${lane}: ${command === 'resume' ? 'resumed' : 'paused'}`);
  if (command === 'drain') await drained(lane, ports, clock, write);
  return 0;
}

async function drained(
  lane: string,
  { watch }: OperatorPorts,
  clock: Clock,
  write: (line: string) => void,
): Promise<void> {
  for (let last: number | undefined; ; ) {
    const { unfinished = 0 } = (await watch.status(lane))?.figures ?? {};
    if (unfinished !== last) write(`${lane}: ${unfinished} unfinished`);
    if (unfinished === 0) return;
    last = unfinished;
    await clock.sleep(LOOK_EVERY_MS);
  }
}

async function lineOf(lane: string, { control, watch }: OperatorPorts, clock: Clock): Promise<string> {
  const [paused, status] = await Promise.all([control.isPaused(lane), watch.status(lane)]);
  const led = (status?.lease_until ?? 0) > clock.now();
  const { requests_per_minute, tokens_per_minute } = status?.limits ?? {};
  const limits = [
    requests_per_minute === undefined ? undefined : `${requests_per_minute} requests`,
    tokens_per_minute === undefined ? undefined : `${tokens_per_minute} tokens`,
  ].filter((it) => it !== undefined);
  const left = Math.round((1 - (status?.figures?.share ?? 1)) * 100);
  const state = paused
    ? 'paused'
    : status?.figures?.paused
      ? `stopped (${status.figures.paused})`
      : led
        ? 'led'
        : 'asleep';
  return [
    lane,
    state,
    `${limits.join(', ')} a minute${left > 0 ? `, ${left} % of it left to others` : ''}`,
    `${status?.figures?.unfinished ?? 0} unfinished`,
  ].join('  ');
}
