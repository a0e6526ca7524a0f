import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ExecutionEnvironment } from '../../../src/local/lambda/execution-environment.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'loading-test-'));
const started: ExecutionEnvironment[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((environment) => environment.stop()));
  rmSync(folder, { recursive: true, force: true });
});

/** What a function of this code answers, in a process of its own. */
async function answerOf(file: string, code: string): Promise<unknown> {
  writeFileSync(path.join(folder, file), code);
  const environment = new ExecutionEnvironment({
    taskRoot: folder,
    variables: { _HANDLER: `${path.parse(file).name}.handler`, LAMBDA_TASK_ROOT: folder },
    onLine: () => undefined,
  });
  started.push(environment);
  const failed = await environment.start();
  return failed ?? environment.invoke({ requestId: 'r', functionArn: 'a', event: 2, timeoutMs: 60_000 });
}

describe('the code of a function', () => {
  it('runs whether CommonJS or an ES module, whether compiled here or by an earlier process', async () => {
    const common = `const os = require('node:os');
      exports.handler = async (event) => [event, typeof os.cpus, typeof __dirname];`;
    const answer = { payload: '[2,"function","string"]' };
    expect(await answerOf('common.js', common)).toEqual(answer);
    expect(existsSync(path.join(folder, 'common.js.compiled'))).toBe(true);
    expect(await answerOf('common.js', common)).toEqual(answer);

    const imports = "exports.handler = async () => typeof (await import('node:os')).cpus;";
    expect(await answerOf('imports.js', imports)).toEqual({ payload: '"function"' });
    expect(await answerOf('imports.js', imports)).toEqual({ payload: '"function"' });
    expect(await answerOf('module.mjs', 'export const handler = async (event) => event;')).toEqual({
      payload: '2',
    });
  });
});
