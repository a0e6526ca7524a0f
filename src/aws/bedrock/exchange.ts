/**
 * One request to Bedrock whose body, and whose answer, is taken as the text that it is. The SDK signs, sends and reads
 * errors, but what it would not hand on as it came (whole numbers beyond 2^53, fields newer than the SDK) never passes
 * through its types. Binary content is base64 in these texts, as in the payloads of producers.
 */
import type {
  BedrockRuntimeClient,
  ConverseCommand,
  CountTokensCommand,
  InvokeModelCommand,
} from '@aws-sdk/client-bedrock-runtime';

/** HTTP headers, names in lower case. */
export type Headers = Record<string, string | undefined>;

export interface Answer {
  headers: Headers;
  body: Uint8Array;
}

type Command = ConverseCommand | CountTokensCommand | InvokeModelCommand;

interface HttpRequest {
  body: unknown;
  headers: Record<string, string>;
}

interface HttpResponse {
  statusCode: number;
  headers: Headers;
  body: unknown;
}

const NOTHING = Buffer.from('{}');

/**
 * @param command names the operation; its input holds all but the body
 * @throws the SDK's errors
 */
export async function exchange(
  client: BedrockRuntimeClient,
  command: Command,
  body: Buffer,
  abortSignal: AbortSignal,
): Promise<Answer> {
  let answer: Answer | undefined;
  const steps = command.middlewareStack as ConverseCommand['middlewareStack'];
  steps.add(
    (next) => (args) => {
      const request = args.request as HttpRequest;
      request.body = body;
      // The SDK has measured another body.
      delete request.headers['content-length'];
      return next(args);
    },
    { step: 'build', priority: 'high', name: 'bodyAsWritten' },
  );
  steps.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as HttpResponse;
      if (response.statusCode < 300) {
        answer = { headers: response.headers, body: await client.config.streamCollector(response.body) };
        response.body = NOTHING;
      }
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'answerAsWritten' },
  );
  await client.send(command as ConverseCommand, { abortSignal });
  if (answer === undefined) throw new Error('Bedrock answered without a body');
  return answer;
}
