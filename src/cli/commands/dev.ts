import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { surveyOf } from '../../client/lines.ts';
import { startLocalSmoother } from '../../lab/run/local-smoother.ts';
import { PROJECT_FOLDER } from '../../lab/run/synthesis.ts';
import type { LocalCloud } from '../../local/local-cloud.ts';
import { startLocalConsole } from '../console/local.ts';
import type { Console } from '../console/server.ts';
import { localCommand, smootherOptions } from '../local-command.ts';
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
      'write the outputs there, as "terraform output -json" prints them',
    ).default(path.join(PROJECT_FOLDER, 'dist/dev-outputs.json'), 'dist/dev-outputs.json'),
  )
  .addOption(
    outputFile('--logs <file>', 'write what the functions log there').default(
      path.join(PROJECT_FOLDER, 'dist/dev.log'),
      'dist/dev.log',
    ),
  )
  .action(async ({ port, outputs, logs: logFile, ...local }) => {
    const interrupted = interruption();
    const options = await smootherOptions(local);
    const { models } = await surveyOf(path.join(PROJECT_FOLDER, 'examples/requests.jsonl'));
    mkdirSync(path.join(PROJECT_FOLDER, 'dist'), { recursive: true });
    const logs = writeTo(logFile);
    const { cloud, bedrock, stop } = await startLocalSmoother({
      ...options,
      models,
      port,
      operator: OPERATOR,
      signal: interrupted,
      onStep: (step) => console.log(`${step} ...`),
      onLog: (name, line) => void logs.write(`${name}  ${line}\n`),
    });
    let page: Console | undefined;
    try {
      page = await startLocalConsole(cloud);
      writeFileSync(outputs, asTerraformPrints(cloud.outputs));
      console.log(instructions(cloud, { consoleUrl: page.url, bedrockUrl: bedrock.url, outputs, logFile }));
      if (!interrupted.aborted)
        await new Promise((resolve) => interrupted.addEventListener('abort', resolve));
    } finally {
      await page?.close();
      await stop();
      logs.end();
    }
  });

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

For any AWS client, and for the smoother's operator commands:

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
