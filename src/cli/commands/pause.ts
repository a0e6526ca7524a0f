import { laneCommand } from '../operator/lane-command.ts';

export default laneCommand('pause', async (lane, { control }) => {
  await control.setPaused(lane, true);
  console.log(`${lane}: paused`);
});
