import { startProxy } from '../../client/index.ts';
import { PRIORITIES, type Priority } from '../../core/request/record.ts';
import { operatorCommand } from '../operator/operator-command.ts';
import { withSmoother } from '../operator/producer.ts';
import { PORT, parsed, wholeNumber } from '../terminal/options.ts';
import { interruption, untilSignal } from '../terminal/signals.ts';

const DEFAULT_PORT = 8787;
const VARIABLE = 'AWS_ENDPOINT_URL_BEDROCK_RUNTIME';

export default operatorCommand('smoother proxy --port 8787 --tenant billing --priority 2')
  .addOption(wholeNumber('--port <n>', 'where SDKs connect; 0 takes a free one', PORT).default(DEFAULT_PORT))
  .option('--host <address>', 'the address to listen on; any but loopback needs --token', '127.0.0.1')
  .option('--token <text>', 'callers must send it as x-smoother-token or as a bearer token')
  .option('--tenant <name>', 'who calls are for, unless their header x-smoother-tenant tells')
  .option('--task <name>', 'a label for calls with answers of similar size')
  .addOption(
    parsed('--priority <n>', 'of calls, unless their header x-smoother-priority tells', '1 to 5', (text) =>
      PRIORITIES.find((priority): priority is Priority => String(priority) === text),
    ),
  )
  .action(({ port, host, token, tenant, task, priority, ...flags }) =>
    withSmoother(flags, async (smoother) => {
      const stopped = untilSignal();
      const proxy = await startProxy(smoother.calls({ tenant, task, priority }), { port, host, token });
      leadElsewhere(proxy.url);
      console.log(`Bedrock through the smoother: export ${VARIABLE}=${proxy.url}`);
      await stopped;
      console.error(`Answering ${proxy.open} open calls; interrupt again to cut them.`);
      await proxy.drain(interruption());
      await proxy.close();
    }),
  );

/** In a shell where the sidecar's address is exported already, it would pass CountTokens on to itself, for ever. */
function leadElsewhere(url: string): void {
  const exported = process.env[VARIABLE];
  if (exported && new URL(exported).port === new URL(url).port) delete process.env[VARIABLE];
}
