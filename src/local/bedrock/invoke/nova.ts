/** Nova's own form: Converse's, but for small things. */
import { isObject, type JsonObject } from '../../../wire/json.ts';
import { refuse } from '../constraints.ts';
import { readConverse } from '../converse/read.ts';
import { messageOf, stopReasonOf, streamConverse, usageOf } from '../converse/write.ts';
import type { BodyShape } from './shape.ts';

export const nova: BodyShape = {
  required: ['messages'],
  read({ messages, system, toolConfig, inferenceConfig, reasoningConfig }, model) {
    const prompt = readConverse(
      {
        messages,
        system,
        toolConfig,
        inferenceConfig: converseNames(inferenceConfig as JsonObject | undefined),
        additionalModelRequestFields: { reasoningConfig },
      },
      model,
    );
    return { ...prompt, maxTokens: prompt.maxTokens ?? model.invokeDefaultTokens };
  },
  write: (answer) => ({
    output: messageOf(answer),
    stopReason: stopReasonOf(answer),
    usage: usageOf(answer),
  }),
  stream: (answer) => streamConverse(answer, {}).map(([type, payload]) => ({ [type]: payload })),
};

/** Older examples say `max_new_tokens` and `top_p`. */
function converseNames(config: JsonObject | undefined): JsonObject {
  if (config === undefined) return {};
  if (!isObject(config))
    return refuse('Malformed input request: #/inferenceConfig: expected type: JSONObject');
  const {
    max_new_tokens,
    maxTokens = max_new_tokens,
    top_p,
    topP = top_p,
    top_k: _,
    topK: __,
    ...rest
  } = config;
  return { ...rest, maxTokens, topP };
}
