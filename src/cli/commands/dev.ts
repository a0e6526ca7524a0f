import { once } from 'node:events';
import { mkdirSync, type WriteStream, writeFileSync } from 'node:fs';
import path from 'node:path';
import { surveyOf } from '../../client/lines.ts';
import { startLocalSmoother } from '../../lab/run/local-smoother.ts';
import { PROJECT_FOLDER } from '../../lab/run/synthesis.ts';
import type { LocalCloud } from '../../local/local-cloud.ts';
import { listen } from '../../wire/listener.ts';
import { startLocalConsole } from '../console/local.ts';
import type { Console } from '../console/server.ts';
import { EXAMPLES_FILE, localCommand, smootherOptions } from '../local-command.ts';
import { outputFile, PORT, wholeNumber } from '../terminal/options.ts';
import { writeTo } from '../terminal/printer.ts';
import { interruption } from '../terminal/signals.ts';

/** Always the same, so that what was exported once is still right after a restart. */
const OPERATOR = { accessKeyId: 'LOCALOPERATOR', secretAccessKey: 'local-operator' };
const DEFAULT_PORT = 4580;
/** The outputs that a client can use. */
const ADDRESSES = /_(queue_url|dlq_url|table_name|bucket_name|function_name)$/;

export default localCommand('smoother dev --port 4580 --rpm 120 --outputs outputs.json')
  .addOption(
    wholeNumber('--port <n>', 'where AWS clients connect; 0 takes a free one', PORT).default(DEFAULT_PORT),
  )
  .addOption(
    outputFile(
      '--outputs <file>',
      'write the outputs there, as "terraform output -json" prints them (default: dist/dev-outputs.json, or dist/dev-outputs-<port>.json on another port)',
    ),
  )
  .addOption(
    outputFile(
      '--logs <file>',
      'write what the functions log there (default: dist/dev.log, or dist/dev-<port>.log on another port)',
    ),
  )
  .action(async ({ port: wanted, ...given }) => {
    const port = await freePort(wanted);
    const interrupted = interruption();
    const {
      outputs = ownFile('dev-outputs', 'json', port),
      logs: logFile = ownFile('dev', 'log', port),
      ...local
    } = given;
    const options = await smootherOptions(local);
    const { models } = await surveyOf(EXAMPLES_FILE);
    mkdirSync(path.join(PROJECT_FOLDER, 'dist'), { recursive: true });
    // Opened with the first line, so that a start that fails leaves the file of another one alone.
    let logs: WriteStream | undefined;
    const { cloud, bedrock, stop } = await startLocalSmoother({
      ...options,
      models,
      port,
      operator: OPERATOR,
      signal: interrupted,
      onStep: (step) => console.log(`${step} ...`),
      onLog: (name, line) => {
        logs ??= writeTo(logFile);
        logs.write(`${name}  ${line}\n`);
      },
    });
    let page: Console | undefined;
    try {
      page = await startLocalConsole(cloud);
      writeFileSync(outputs, asTerraformPrints(cloud.outputs));
      console.log(instructions(cloud, { consoleUrl: page.url, bedrockUrl: bedrock.url, outputs, logFile }));
      if (!interrupted.aborted) await once(interrupted, 'abort');
    } finally {
      await page?.close();
      await stop();
      logs?.end();
    }
  });

/** @throws EADDRINUSE before anything is built, when another program has the port */
async function freePort(wanted: number): Promise<number> {
  const { port, close } = await listen({ host: '127.0.0.1', port: wanted }, () => undefined);
  await close();
  return port;
}

/** Of this local cloud alone: several may run at once, on ports of their own. */
function ownFile(name: string, extension: string, port: number): string {
  const suffix = port === DEFAULT_PORT ? '' : `-${port}`;
  return path.join(PROJECT_FOLDER, 'dist', `${name}${suffix}.${extension}`);
}

/** In the form of `terraform output -json`. */
function asTerraformPrints(outputs: LocalCloud['outputs']): string {
  const entries = Object.entries(outputs).map(([name, value]) => [name, { value }]);
  return JSON.stringify(Object.fromEntries(entries), undefined, 2);
}

function instructions(
  { endpoint, region, operator, outputs }: LocalCloud,
  {
    consoleUrl,
    bedrockUrl,
    outputs: outputsFile,
    logFile,
  }: { consoleUrl: string; bedrockUrl: string; outputs: string; logFile: string },
): string {
  const addresses = {
    console: consoleUrl,
    'AWS endpoint': endpoint,
    'Bedrock simulator': bedrockUrl,
    '  statistics': `${bedrockUrl}/_simulator/stats`,
    "functions' log": path.resolve(logFile),
    outputs: path.resolve(outputsFile),
    ...Object.fromEntries(Object.entries(outputs).filter(([name]) => ADDRESSES.test(name))),
  };
  const width = Math.max(...Object.keys(addresses).map((name) => name.length));
  return `
The local cloud is up. Ctrl-C stops it.

${Object.entries(addresses)
  .map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
  .join('\n')}

For any AWS client, and for the smoother's commands:

  export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=${region} AWS_DEFAULT_REGION=${region}
  export AWS_ACCESS_KEY_ID=${operator.accessKeyId} AWS_SECRET_ACCESS_KEY=${operator.secretAccessKey}
  export SMOOTHER_OUTPUTS=${path.resolve(outputsFile)}

  aws --endpoint-url ${endpoint} sqs send-message \\
    --queue-url ${outputs.input_queue_url} \\
    --message-body '{"model_id": "us.amazon.nova-lite-v1:0", "converse": {"messages":
      [{"role": "user", "content": [{"text": "Hello"}]}], "inferenceConfig": {"maxTokens": 100}}}'
  aws --endpoint-url ${endpoint} sqs receive-message --wait-time-seconds 20 \\
    --queue-url ${outputs.bedrock_results_queue_url}
  aws --endpoint-url ${endpoint} s3 ls s3://${outputs.bedrock_calls_bucket_name} --recursive
  npm run smoother -- lanes
`;
}
