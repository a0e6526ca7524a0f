/** JSON Schema of the messages, as docs/schemas/ holds it. */
import * as z from 'zod';
import { inputMessage } from '../../src/core/request/message-schema.ts';
import { resultMessage } from '../../src/core/request/result-schema.ts';

/** File name below docs/schemas/ → text. */
export function schemaDocuments(): Record<string, string> {
  return {
    'input-message.schema.json': documentOf(inputMessage, 'Input message'),
    'result-message.schema.json': documentOf(resultMessage, 'Result message'),
  };
}

function documentOf(schema: z.ZodType, title: string): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return `${JSON.stringify({ $schema, title, ...rest }, undefined, 2)}\n`;
}
