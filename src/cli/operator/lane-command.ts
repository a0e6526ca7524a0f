import { userInfo } from 'node:os';
import { dynamoLanes } from '../../aws/dynamodb/lane-ports.ts';
import { systemClock } from '../../core/clock.ts';
import type { Pause } from '../../core/lane/ports.ts';
import { chooseLane, type LaneOperations } from './lanes.ts';
import { operatorCommand, type Stack, withStack } from './operator-command.ts';

export async function laneOperations({ dynamo, names }: Stack): Promise<LaneOperations> {
  return dynamoLanes(dynamo, await names('lanes_table_name'));
}

/** A command that does something to one lane. */
export function laneCommand(name: string, act: (lane: string, operations: LaneOperations) => Promise<void>) {
  return operatorCommand(`smoother ${name} us.amazon.nova-lite-v1:0`)
    .argument('[lane]', 'a lane, or the id of any model in it; leave it out to see the lanes')
    .action((word, flags) =>
      withStack(flags, async (stack) => {
        const operations = await laneOperations(stack);
        await act(await chooseLane(word, operations), operations);
      }),
    );
}

/** By the user who is logged in at this machine, now. */
export function ownPause(): Pause {
  return { by: userInfo().username, since: systemClock.now() };
}
