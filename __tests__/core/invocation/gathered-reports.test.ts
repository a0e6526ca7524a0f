import { expect, it } from 'vitest';
import { GatheredReports } from '../../../src/core/invocation/gathered-reports.ts';
import type { Counters } from '../../../src/core/lane/counters.ts';

const SETTLED = { ended: 1, settled: 1, charged: 5 };

function gathering() {
  const sent: [lane: string, slot: number, counters: Counters][] = [];
  const add = async (lane: string, slot: number, counters: Counters) => {
    sent.push([lane, slot, counters]);
  };
  return { sent, gathered: new GatheredReports({ add }) };
}

it('reports of one slot go together, two seconds after the first of them', async () => {
  const { sent, gathered } = gathering();
  await gathered.add('a', 7, SETTLED);
  await gathered.sendDue(1_000);
  await gathered.add('a', 7, SETTLED);
  await gathered.add('b', 7, SETTLED);
  await gathered.sendDue(2_900);
  expect(sent).toEqual([]);
  await gathered.sendDue(3_000);
  expect(sent).toEqual([
    ['a', 7, { ended: 2, settled: 2, charged: 10 }],
    ['b', 7, SETTLED],
  ]);
});

it.each([
  ['a worker that is free', { bundles_ended: 1 }],
  ['a failure', { ended: 1, faulted: 1 }],
])('%s is told at once, with all of its slot; other slots wait for their time', async (_, pressing) => {
  const { sent, gathered } = gathering();
  await gathered.add('a', 7, { charged: 5 });
  await gathered.add('a', 8, SETTLED);
  await gathered.sendDue(1_000);
  await gathered.add('a', 7, pressing);
  await gathered.sendDue(1_400);
  expect(sent).toEqual([['a', 7, { charged: 5, ...pressing }]]);
  await gathered.sendDue(3_000);
  expect(sent.at(-1)).toEqual(['a', 8, SETTLED]);
});

it('what is left goes at the end', async () => {
  const { sent, gathered } = gathering();
  await gathered.add('a', 7, SETTLED);
  await gathered.send();
  await gathered.send();
  expect(sent).toEqual([['a', 7, SETTLED]]);
});
