/** A process that runs the parts it is told, one after the other, until nobody asks any more. */
import { PARTS } from './suite.ts';

process.on('message', async (name) => {
  const part = PARTS.find((it) => it.name === name);
  if (part === undefined) throw new RangeError(`There is no part ${name}`);
  process.send?.(await part.run({ extent: 'all' }));
});
