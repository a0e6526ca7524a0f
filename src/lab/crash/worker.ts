/** A process that runs one part of the enumeration after the other, until its parent disconnects. */
import { PARTS } from './suite.ts';

process.on('message', async (name) => {
  const part = PARTS.find((it) => it.name === name);
  if (part === undefined) throw new RangeError(`There is no part ${name}`);
  process.send?.(await part.run({ extent: 'all' }));
});
