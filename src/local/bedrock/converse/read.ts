import { isObject, type JsonObject, type JsonValue } from '../../../wire/json.ts';
import { parseBody } from '../../../wire/message.ts';
import type { Prompt } from '../answer.ts';
import { fields, invalid, list, range, refuse } from '../constraints.ts';
import { isStoredPrompt, type Model } from '../models.ts';
import { checkAnthropic, checkNova, isThinking } from '../reasoning.ts';
import { countInputTokens } from '../tokens.ts';
import { checkSchema, chooseTool } from '../tools.ts';
import { checkMessages, checkSystem } from './messages.ts';

const SERVICE_TIERS = ['priority', 'default', 'flex', 'reserved'];
const LATENCIES = ['standard', 'optimized'];
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
/** What a prompt from Prompt management says itself (API reference, Converse, `modelId`). */
const FIXED_BY_STORED_PROMPT = ['additionalModelRequestFields', 'inferenceConfig', 'system', 'toolConfig'];

/**
 * Reads a Converse body, checking what Bedrock checks.
 * @param calledAs the model as the caller named it
 * @throws BedrockError ValidationException, naming the field
 */
export function readConverse(body: JsonObject, model: Model, calledAs = model.id): Prompt {
  if (!model.text) {
    refuse(
      "This action doesn't support the model that you provided. Try again with a supported text or chat model.",
    );
  }
  const stored = isStoredPrompt(calledAs);
  if (stored) checkStoredPrompt(body);
  if (!stored || body.messages !== undefined) {
    checkMessages(body.messages, body.toolConfig !== undefined, model);
  }
  checkSystem(body.system, model);
  const maxTokens = readInference(fields(body.inferenceConfig, 'inferenceConfig') ?? {}, model);
  const additional = fields(body.additionalModelRequestFields, 'additionalModelRequestFields') ?? {};
  checkAdditional(additional, body, model, maxTokens);
  const tool = readTools(fields(body.toolConfig, 'toolConfig'), body.messages);
  checkOptions(body);
  const schema = readOutputConfig(fields(body.outputConfig, 'outputConfig'));
  return {
    inputTokens: countInputTokens({ messages: body.messages, system: body.system, tools: body.toolConfig }),
    maxTokens,
    tool,
    schema,
    thinks: isThinking(additional),
  };
}

function checkStoredPrompt(body: JsonObject): void {
  const given = FIXED_BY_STORED_PROMPT.filter((field) => body[field] !== undefined);
  if (given.length === 0) return;
  refuse(
    `A prompt from Prompt management can't be called with ${given.join(', ')}. Remove what the prompt says itself, and try again.`,
  );
}

function readInference(config: JsonObject, model: Model): number | undefined {
  const { maxTokens, temperature, topP, stopSequences } = config;
  range(maxTokens, 'inferenceConfig.maxTokens', 1, Number.MAX_SAFE_INTEGER, 'integer value');
  range(temperature, 'inferenceConfig.temperature', 0, 1);
  range(topP, 'inferenceConfig.topP', 0, 1);
  if (stopSequences !== undefined && stopSequences !== null) {
    const sequences = list(stopSequences, 'inferenceConfig.stopSequences', 'a list of strings');
    range(sequences.length, 'inferenceConfig.stopSequences', 0, 2_500, 'length');
  }
  if (typeof maxTokens !== 'number') return undefined;
  if (maxTokens > model.maxOutputTokens) {
    refuse(
      `The maximum tokens you requested exceeds the model limit of ${model.maxOutputTokens}. Try again with a maximum tokens value that is lower than ${model.maxOutputTokens}.`,
    );
  }
  return maxTokens;
}

/** What is the model's own is refused by the model, in words that Converse passes on. */
function checkAdditional(
  additional: JsonObject,
  body: JsonObject,
  model: Model,
  maxTokens: number | undefined,
): void {
  const { temperature, topP } = (body.inferenceConfig ?? {}) as JsonObject;
  const complain = (message: string): never => refuse(`The model returned the following errors: ${message}`);
  const settings = { maxTokens, temperature, topP };
  if (model.family === 'anthropic') checkAnthropic(additional, settings, model, complain);
  if (model.family === 'nova') checkNova(additional.reasoningConfig, settings, model, complain);
}

function readTools(config: JsonObject | undefined, messages: JsonValue): Prompt['tool'] {
  if (!config) return undefined;
  const tools = list(config.tools, 'toolConfig.tools', 'at least 1 tool');
  if (tools.length === 0) invalid('toolConfig.tools', 'at least 1 tool', config.tools);
  const specified = tools.flatMap((tool, index) => {
    const at = `toolConfig.tools.${index + 1}.member`;
    const { toolSpec } = fields(tool, at) ?? {};
    const spec = fields(toolSpec, `${at}.toolSpec`);
    if (!spec) return [];
    const { name, inputSchema } = spec;
    if (typeof name !== 'string' || !TOOL_NAME.test(name)) {
      return invalid(`${at}.toolSpec.name`, `regular expression pattern: ${TOOL_NAME.source}`, name);
    }
    const { json } = fields(inputSchema, `${at}.toolSpec.inputSchema`) ?? {};
    return { name, schema: fields(json, `${at}.toolSpec.inputSchema.json`) ?? {} };
  });
  const { tool, any }: JsonObject = fields(config.toolChoice, 'toolConfig.toolChoice') ?? {};
  if (isObject(tool)) return chooseTool(specified, { name: String(tool.name) }, messages);
  return chooseTool(specified, any === undefined ? 'auto' : 'any', messages);
}

function checkOptions(body: JsonObject): void {
  const metadata = fields(body.requestMetadata, 'requestMetadata');
  if (metadata) range(Object.keys(metadata).length, 'requestMetadata', 1, 16, 'length');
  const paths = body.additionalModelResponseFieldPaths;
  if (Array.isArray(paths)) range(paths.length, 'additionalModelResponseFieldPaths', 0, 10, 'length');
  oneOf(fields(body.serviceTier, 'serviceTier')?.type, 'serviceTier.type', SERVICE_TIERS);
  oneOf(fields(body.performanceConfig, 'performanceConfig')?.latency, 'performanceConfig.latency', LATENCIES);
}

function oneOf(value: JsonValue, at: string, choices: readonly string[]): void {
  if (value !== undefined && !choices.includes(String(value))) {
    invalid(at, `enum value set: [${choices.join(', ')}]`, value);
  }
}

function readOutputConfig(config: JsonObject | undefined): JsonObject | undefined {
  const format = fields(config?.textFormat, 'outputConfig.textFormat');
  if (!format) return undefined;
  oneOf(format.type, 'outputConfig.textFormat.type', ['json_schema']);
  const at = 'outputConfig.textFormat.structure.jsonSchema';
  const structure = fields(format.structure, 'outputConfig.textFormat.structure');
  const { schema } = fields(structure?.jsonSchema, at) ?? {};
  if (typeof schema !== 'string') return invalid(`${at}.schema`, 'a JSON schema as text', schema);
  return checkSchema(parseBody(schema));
}
