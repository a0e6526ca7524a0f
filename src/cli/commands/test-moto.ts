/** `npm run test:moto [-- vitest's arguments]`: the suite of the ports on moto too, which is installed where it is not at hand. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { MOTO, startMoto } from '../../lab/external/moto.ts';
import { providePythonTool } from '../../lab/external/python-tool.ts';
import { runCommand } from '../terminal/command.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const VITEST = 'node_modules/vitest/vitest.mjs';

await runCommand(async (args) => {
  const moto = await startMoto(providePythonTool(MOTO));
  try {
    const tests = spawn(process.execPath, [VITEST, 'run', '__tests__/contract', ...args], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, SMOOTHER_TEST_ENDPOINT: moto.endpoint },
    });
    const [code] = await once(tests, 'exit');
    return code ?? 1;
  } finally {
    await moto.stop();
  }
});
