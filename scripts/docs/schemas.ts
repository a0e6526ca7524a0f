/** JSON Schema of what producers write and read, as docs/schemas/ holds it. */
import * as z from 'zod';
import { batchOptions } from '../../src/core/batch/options.ts';
import { inputMessage } from '../../src/core/request/message-schema.ts';
import { resultMessage } from '../../src/core/request/result-schema.ts';

/** File name below docs/schemas/ → text. */
export function schemaDocuments(): Record<string, string> {
  return {
    'batch-options.schema.json': documentOf(batchOptions, 'Options of a batch file'),
    'input-message.schema.json': documentOf(inputMessage, 'Input message'),
    'result-message.schema.json': documentOf(resultMessage, 'Result message'),
  };
}

function documentOf(schema: z.ZodType, title: string): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return `${JSON.stringify({ $schema, title, ...rest }, undefined, 2)}\n`;
}
