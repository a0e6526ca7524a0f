import type { BedrockCalls } from './calls.ts';

/** Answers requests of Bedrock's HTTP API, whatever their host and signature. */
export function smootherFetch(calls: BedrockCalls): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const headers = Object.fromEntries(request.headers);
    const { pathname: path } = new URL(request.url);
    const body = await request.text();
    const answer = await calls.answer({ method: request.method, path, headers, body }, request.signal);
    return new Response(Uint8Array.from(answer.body), { status: answer.status, headers: answer.headers });
  };
}
