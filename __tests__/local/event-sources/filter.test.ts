import { describe, expect, it } from 'vitest';
import { compileFilter } from '../../../src/local/event-sources/filter.ts';

const matches = (pattern: unknown, event: unknown) => compileFilter('mapping', pattern)(event);

describe('a filter pattern', () => {
  it.each([
    [{ a: ['x', 'y'] }, { a: 'y' }, true],
    [{ a: ['x'] }, { a: 'z' }, false],
    [{ a: ['x'] }, {}, false],
    [{ a: ['x'] }, { a: ['w', 'x'] }, true],
    [{ a: { b: [1, null] } }, { a: { b: null } }, true],
    [{ a: { b: [1] } }, { a: 'text' }, false],
    [{ a: ['x'], b: ['y'] }, { a: 'x', b: 'z' }, false],
    [{ a: [{ exists: true }] }, { a: false }, true],
    [{ a: [{ exists: false }] }, { a: 1 }, false],
    [{ a: [{ exists: false }] }, {}, true],
    // Only leaves exist: DynamoDB's {"BOOL": true} is not one.
    [{ a: [{ exists: false }] }, { a: { BOOL: true } }, true],
    [{ a: { BOOL: [{ exists: false }] } }, { a: { BOOL: true } }, false],
  ])('%j on %j: %s', (pattern, event, expected) => {
    expect(matches(pattern, event)).toBe(expected);
  });

  it.each([[{ a: [{ cidr: '10.0.0.0/8' }] }], [{ a: [{ prefix: 'x' }] }], [{ a: 'x' }], ['x']])(
    '%j is refused by name',
    (pattern) => {
      expect(() => compileFilter('mapping', pattern)).toThrow('mapping');
    },
  );
});
