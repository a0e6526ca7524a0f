import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type * as z from 'zod';
import { schemaDocuments } from '../../../scripts/docs/schemas.ts';
import type { ResultMessage } from '../../../src/core/request/result.ts';
import type { resultMessage } from '../../../src/core/request/result-schema.ts';

const folder = path.resolve(import.meta.dirname, '../../../docs/schemas');

describe('the schemas in docs/schemas/', () => {
  it.each(Object.entries(schemaDocuments()))('%s is what the code says (npm run docs)', (name, text) => {
    expect(readFileSync(path.join(folder, name), 'utf8')).toBe(text);
  });

  it('describe the results that are sent', () => {
    expectTypeOf<Omit<z.infer<typeof resultMessage>, 'priority'>>().toEqualTypeOf<
      Omit<ResultMessage, 'priority'>
    >();
  });
});
