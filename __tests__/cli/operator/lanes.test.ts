import { expect, it } from 'vitest';
import { operateLanes } from '../../../src/cli/operator/lanes.ts';
import { createMemoryCloud } from '../../../src/memory/cloud.ts';

const MODEL = 'us.amazon.nova-lite-v1:0';
const LANE = 'amazon.nova-lite:geo';

async function operator() {
  const { ports } = createMemoryCloud();
  await ports.registry.register(LANE, MODEL);
  const lines: string[] = [];
  const tables: string[] = [];
  const run = (...args: string[]) =>
    operateLanes(
      args,
      {},
      (table) => {
        tables.push(table);
        return ports;
      },
      { clock: { now: () => 1_000, sleep: async () => undefined }, write: (line) => void lines.push(line) },
    );
  return { ports, lines, tables, run };
}

it('pauses and resumes a lane, named by itself or by a model', async () => {
  const { ports, lines, tables, run } = await operator();
  expect(await run('pause', LANE, '--lanes-table', 'mine')).toBe(0);
  expect(await ports.control.isPaused(LANE)).toBe(true);
  await run('resume', MODEL);
  expect(await ports.control.isPaused(LANE)).toBe(false);
  expect(lines).toEqual([`${LANE}: paused`, `${LANE}: resumed`]);
  expect(tables).toEqual(['mine', 'bedrock-request-smoother-lanes']);
});

it('drains: pauses, and waits until nothing is unfinished', async () => {
  const { ports, lines, run } = await operator();
  const led = await ports.leadership.acquire(LANE, 'a', 0, 10_000);
  if (led === undefined) throw new Error();
  const figures = { utilisation: 0, share: 1 };
  await ports.leadership.writePlan(led, { snapshot: '', figures: { ...figures, unfinished: 2 } }, 10_000);
  const status = ports.watch.status;
  let looks = 0;
  ports.watch.status = async (lane) => {
    looks += 1;
    if (looks === 3)
      await ports.leadership.writePlan(led, { snapshot: '', figures: { ...figures, unfinished: 0 } }, 10_000);
    return status(lane);
  };
  await run('drain', LANE);
  expect(lines).toEqual([`${LANE}: paused`, `${LANE}: 2 unfinished`, `${LANE}: 0 unfinished`]);
});

it('lists the lanes', async () => {
  const { lines, run } = await operator();
  await run('lanes');
  expect(lines[0]).toContain(LANE);
});

it.each([[['stop', LANE]], [['pause', 'nobody']], [[]]])('refuses %j', async (args) => {
  const { run } = await operator();
  await expect(run(...args)).rejects.toThrow(/needs/);
});
