/** `npm run smoother -- COMMAND`: what an operator does to lanes. Commands: docs/release-engine.md. */
import { dynamoClient } from '../aws/clients.ts';
import { dynamoLanes } from '../aws/lane-ports.ts';
import { dynamoWatch } from '../aws/lane-states.ts';
import { systemClock } from '../clock.ts';
import { runCommand } from './command.ts';
import { operateLanes } from './smoother-lanes.ts';

await runCommand(async (args) => {
  const client = dynamoClient();
  try {
    return await operateLanes(
      args,
      process.env,
      (table) => ({ ...dynamoLanes(client, table), watch: dynamoWatch(client, table) }),
      { clock: systemClock, write: (line) => console.log(line) },
    );
  } finally {
    client.destroy();
  }
});
