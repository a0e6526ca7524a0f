/** Someone else on the same quota, who takes what they want as long as Bedrock lets them. */

import { exponential, type Random } from './random.ts';
import type { VirtualBedrock } from './virtual-bedrock.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { ForeignTraffic } from './workload.ts';

const CALL = { inputTokens: 700, outputTokens: 150, burndown: 1 };
const MAX_TOKENS = 300;
/** What one of their calls is charged. */
export const FOREIGN_CALL_TOKENS = CALL.inputTokens + CALL.outputTokens;
/** After a refusal they try again so much later, for as long as the call is worth it to them. */
const RETRY_MS = 2_000;
const TRIES = 3;

export function driveForeignTraffic(
  clock: VirtualClock,
  bedrock: VirtualBedrock,
  { lane, from, to, tokensPerMinute }: ForeignTraffic,
  beginMs: number,
  random: Random,
): void {
  const meanGapMs = (60_000 * FOREIGN_CALL_TOKENS) / tokensPerMinute;
  const call = async () => {
    for (let tries = 0; tries < TRIES; tries++) {
      const seen = await bedrock.callByOthers({ ...CALL, lane }, MAX_TOKENS);
      if (seen.end === 'settled') return;
      await clock.sleep(RETRY_MS);
    }
  };
  clock.spawn(async () => {
    await clock.sleep(beginMs + from - clock.now());
    while (clock.now() < beginMs + to) {
      clock.spawn(call);
      await clock.sleep(exponential(random, meanGapMs));
    }
  });
}
