/** How the tests of this folder are written: an invariant is a property and, for each mechanism behind it, a control. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';

/** So many times as many examples are tried: INVARIANT_EFFORT=20 npx vitest run __tests__/invariants */
const EFFORT = Number(process.env.INVARIANT_EFFORT ?? 1);
/** Everyday runs are the same for everybody, so that a failure is news of the change; with more effort they are drawn anew. */
const DRAW = process.env.INVARIANT_EFFORT === undefined ? { seed: 1 } : {};
/** Shrinking ends then with the smallest example so far. */
const LONGEST_MS = 45_000 * EFFORT;
/** A control looks at so many examples at most for one that breaks the invariant. */
const CONTROL_RUNS = 200;

export interface Invariant<Generated, Sabotage> {
  generated: fc.Arbitrary<Generated>;
  /** Examples that the property is tried with. */
  runs: number;
  /** Fails when the invariant is broken. `without`: what takes one mechanism out, for a control. */
  holds: (generated: Generated, without?: Sabotage) => void | Promise<void>;
  /** The mechanisms that keep it, one at least. Taken out alone, each must be missed. */
  without: Record<string, Sabotage>;
}

/** The property must hold, and must be seen to fail without each of its mechanisms. `name`: as in README.md. */
export function invariant<Generated, Sabotage>(
  name: string,
  { generated, runs, holds, without }: Invariant<Generated, Sabotage>,
): void {
  if (Object.keys(without).length === 0)
    throw new Error(`${name}: a property without a control shows nothing`);
  describe(name, () => {
    it('holds', async () => {
      await fc.assert(
        fc.asyncProperty(generated, async (it) => holds(it)),
        { ...DRAW, numRuns: runs * EFFORT, interruptAfterTimeLimit: LONGEST_MS },
      );
    });

    it.each(Object.entries(without))('is broken without %s', async (_mechanism, sabotage) => {
      const property = fc.asyncProperty(generated, async (it) => {
        try {
          await holds(it, sabotage);
        } finally {
          vi.restoreAllMocks();
        }
      });
      const { failed, errorInstance } = await fc.check(property, {
        ...DRAW,
        numRuns: CONTROL_RUNS,
        endOnFailure: true,
      });
      expect(failed).toBe(true);
      // Broken, not merely out of order: an assertion says so.
      expect(errorInstance).toMatchObject({ name: 'AssertionError' });
    });
  });
}

/** Takes a mechanism of the engine out, or puts it back in. */
export type Switch = () => void;

/** A part of the engine whose `method` does something else, until the control is over. */
export function replaced<Part extends object, Method extends keyof Part & string>(
  part: { prototype: Part },
  method: Method,
  by: (original: Part[Method]) => Part[Method],
): Switch {
  return () => {
    const { prototype } = part as { prototype: Record<string, Call> };
    const original = prototype[method] as Part[Method] & Call;
    vi.spyOn(prototype, method).mockImplementation(by(original) as Call);
  };
}

type Call = (...parameters: unknown[]) => unknown;
