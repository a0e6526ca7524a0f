import type { Burst } from './burst.ts';
import { inPercent, inSeconds, inThousands } from './numbers.ts';

/** What each claim of the README needs; the engine's own targets. */
const LONGEST_URGENT_WAIT_MS = 1_500;
const LEAST_USED = 0.97;

/** Claims that the burst does not bear out. */
export function brokenClaims({ figures: { requests, smoother } }: Burst): string[] {
  const { answered, refused, urgent, used } = smoother;
  return [
    ...(refused > 0 || answered < requests ? ['Nothing is refused, and every request is answered'] : []),
    ...(urgent.waitP95Ms > LONGEST_URGENT_WAIT_MS ? ['Urgent work goes first'] : []),
    ...(used < LEAST_USED ? ['The quota is used'] : []),
  ];
}

/** What the burst shows, in Markdown, for the README and for the terminal. */
export function renderClaims({ measuredOn, figures }: Burst): string {
  const { requests, straight, smoother } = figures;
  return [
    `- **Nothing is refused.** Bedrock refused ${inThousands(smoother.refused)} of ${inThousands(smoother.calls)} calls, and ${inThousands(smoother.answered)} of ${inThousands(requests)} requests were answered.`,
    `  Straight to Bedrock it refused ${inThousands(straight.refused)} of ${inThousands(straight.calls)} calls, and ${inThousands(requests - straight.answered)} requests got no answer.`,
    `- **Urgent work goes first.** 95 of 100 urgent requests waited ${inSeconds(smoother.urgent.waitP95Ms)} or less, while up to ${inThousands(smoother.waiting)} requests were waiting.`,
    `- **The quota is used.** As long as requests waited, their calls used ${inPercent(smoother.used, 1)} of the tokens per minute.`,
    '',
    `Measured on ${measuredOn} by \`npm run docs:picture\`, which also draws the picture.`,
  ].join('\n');
}
