import { MOTO, startMoto } from '../../lab/external/moto.ts';
import { providePythonTool } from '../../lab/external/python-tool.ts';
import { command, EXIT } from '../command.ts';
import { runNode } from '../terminal/child.ts';
import { interruption } from '../terminal/signals.ts';

export default command('smoother test-moto', 'smoother test-moto -- --reporter=verbose')
  .argument('[arguments...]', 'for vitest, after --')
  .action(async (args) => {
    const interrupted = interruption();
    const moto = await startMoto(providePythonTool(MOTO));
    try {
      const vitest = ['node_modules/vitest/vitest.mjs', 'run', '__tests__/contract', ...args];
      const code = await runNode(vitest, { SMOOTHER_TEST_ENDPOINT: moto.endpoint }, interrupted);
      process.exitCode = code === 0 ? EXIT.ok : EXIT.failed;
    } finally {
      await moto.stop();
    }
  });
