import { laneCommand } from '../operator/lane-command.ts';

export default laneCommand('resume', async (lane, { control }) => {
  await control.setPaused(lane, false);
  console.log(`${lane}: resumed`);
});
