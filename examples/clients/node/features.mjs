/** Tries what a client can do, one thing after the other, and prints what came of each as a line of JSON. */

export const ENDPOINT = process.env.BEDROCK_ENDPOINT;
export const REGION = 'us-east-1';
export const MODEL = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
export const EMBEDDINGS = 'amazon.titan-embed-text-v2:0';
export const DIMENSIONS = 1024;

export async function tryAll(features) {
  for (const [feature, attempt] of Object.entries(features)) {
    try {
      await attempt();
      console.log(JSON.stringify({ feature, ok: true }));
    } catch (error) {
      console.log(JSON.stringify({ feature, ok: false, error: String(error?.stack ?? error) }));
    }
  }
}
