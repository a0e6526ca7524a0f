/** Tries what a client can do, one thing after the other, and prints what came of each as a line of JSON. */
import { Smoother } from 'bedrock-request-smoother/client';

export const MODEL = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
export const EMBEDDINGS = 'amazon.titan-embed-text-v2:0';
export const DIMENSIONS = 1024;
/** Bedrock streams an answer as it is written; the smoother in one go, when it is there. */
export const FEWEST_PIECES = Number(process.env.FEWEST_PIECES ?? 1);

/** The client library, when the outputs of a stack are given. Without it, clients go to an address: Bedrock's or the sidecar's. */
export const smoother = process.env.SMOOTHER_OUTPUTS ? new Smoother() : undefined;

export async function tryAll(features) {
  for (const [feature, attempt] of Object.entries(features)) {
    try {
      await attempt();
      console.log(JSON.stringify({ feature, ok: true }));
    } catch (error) {
      console.log(JSON.stringify({ feature, ok: false, error: String(error?.stack ?? error) }));
    }
  }
  smoother?.destroy();
}
