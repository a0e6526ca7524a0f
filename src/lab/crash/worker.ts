/** A process that runs one part of the enumeration after the other, until its parent disconnects. */
import { PARTS } from './suite.ts';

// Its parent may have been stopped in the middle of a part.
process.on('disconnect', () => process.exit());
process.on('message', async (name) => {
  const part = PARTS.find((it) => it.name === name);
  if (part === undefined) throw new RangeError(`There is no part ${name}`);
  process.send?.(await part.run({ extent: 'all' }));
});
