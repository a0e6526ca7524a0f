import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { surveyOf } from '../../src/client/lines.ts';
import { readMessage } from '../../src/core/request/message.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'lines-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MODEL = 'us-gov.anthropic.claude-3-haiku-20240307-v1:0';
const LINE = JSON.stringify({
  request_id: 'first-line',
  model_id: MODEL,
  messages: [{ role: 'user', content: 'hi' }],
});

describe('a byte order mark', () => {
  it('at the start of a file, or of files that were put together, belongs to no line', async () => {
    const file = path.join(folder, 'bom.jsonl');
    writeFileSync(file, `\uFEFF${LINE}\n\n\uFEFF${LINE}\n`);
    expect(await surveyOf(file)).toEqual({ lines: 2, models: [MODEL] });
  });

  it('at the start of a message is not part of it', () => {
    const limits = { longestWaitSeconds: 3_600 };
    expect(readMessage(`\uFEFF${LINE}`, limits)).toEqual(readMessage(LINE, limits));
    expect(readMessage(LINE, limits).kind).not.toBe('invalid');
  });
});
