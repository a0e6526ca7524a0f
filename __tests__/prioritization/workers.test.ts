import { expect, it } from 'vitest';
import { Workers } from '../../src/prioritization/workers.ts';

it('a lane alone may take all workers', () => {
  expect(new Workers(30).availableTo('a')).toBe(30);
});

it('lanes take no more than all workers together', () => {
  const workers = new Workers(30);
  workers.note('a', { taken: 20, waiting: false });
  expect(workers.availableTo('b')).toBe(10);
});

it('something is left for a lane with work, and nothing for one without', () => {
  const workers = new Workers(30);
  workers.note('a', { taken: 10, waiting: true });
  workers.note('b', { taken: 0, waiting: true });
  expect(workers.availableTo('a')).toBe(23);
  workers.note('b', { taken: 0, waiting: false });
  expect(workers.availableTo('a')).toBe(30);
});

it('a lane that is left gives its workers back', () => {
  const workers = new Workers(30);
  workers.note('a', { taken: 20, waiting: true });
  workers.leave('a');
  expect(workers.availableTo('b')).toBe(30);
});
