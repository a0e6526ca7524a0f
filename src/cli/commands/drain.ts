import { systemClock } from '../../core/clock.ts';
import { laneCommand, ownPause } from '../operator/lane-command.ts';
import { drained } from '../operator/lanes.ts';

export default laneCommand('drain', async (lane, operations) => {
  await operations.control.setPause(lane, ownPause());
  console.log(`${lane}: paused`);
  await drained(lane, operations, systemClock, console.log);
});
