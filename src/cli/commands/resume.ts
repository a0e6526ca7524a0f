import { laneCommand } from '../operator/lane-command.ts';

export default laneCommand('resume', async (lane, { control }) => {
  await control.setPause(lane, undefined);
  console.log(`${lane}: resumed`);
});
