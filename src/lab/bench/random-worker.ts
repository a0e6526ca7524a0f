/** A process that runs random workloads, one after the other, until nobody asks any more. */
import { type RandomRun, runRandom } from './random-run.ts';

process.on('message', async (run: RandomRun) => {
  process.send?.(await runRandom(run));
});
