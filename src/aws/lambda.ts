import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { Waker } from '../core/lane/ports.ts';

/** Starts the prioritization function without waiting for it. */
export function lambdaWaker(client: LambdaClient, functionName: string): Waker {
  return {
    async wake(lanes) {
      await client.send(
        new InvokeCommand({
          FunctionName: functionName,
          InvocationType: 'Event',
          Payload: JSON.stringify({ lanes }),
        }),
      );
    },
  };
}
