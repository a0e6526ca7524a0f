import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { MOTO, startMoto } from '../../lab/external/moto.ts';
import { providePythonTool } from '../../lab/external/python-tool.ts';
import { PROJECT_FOLDER } from '../../lab/run/synthesis.ts';
import { command, EXIT } from '../command.ts';

export default command('smoother test-moto', 'smoother test-moto -- --reporter=verbose')
  .argument('[arguments...]', 'for vitest, after --')
  .action(async (args) => {
    const moto = await startMoto(providePythonTool(MOTO));
    try {
      const vitest = ['node_modules/vitest/vitest.mjs', 'run', '__tests__/contract', ...args];
      const tests = spawn(process.execPath, vitest, {
        cwd: PROJECT_FOLDER,
        stdio: 'inherit',
        env: { ...process.env, SMOOTHER_TEST_ENDPOINT: moto.endpoint },
      });
      const [code] = await once(tests, 'exit');
      process.exitCode = code === 0 ? EXIT.ok : EXIT.failed;
    } finally {
      await moto.stop();
    }
  });
