import { laneCommand, ownPause } from '../operator/lane-command.ts';

export default laneCommand('pause', async (lane, { control }) => {
  await control.setPause(lane, ownPause());
  console.log(`${lane}: paused`);
});
