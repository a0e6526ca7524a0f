/** `npm run dev [-- flags]`: the local cloud for any AWS client, until Ctrl-C. Flags: docs/local-cloud.md. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { surveyOf } from '../../client/lines.ts';
import { DEFAULT_QUOTA, startLocalSmoother } from '../../lab/run/local-smoother.ts';
import { PROJECT_FOLDER } from '../../lab/run/synthesis.ts';
import { ENFORCEMENTS } from '../../local/bedrock/accounting.ts';
import type { LocalCloud } from '../../local/local-cloud.ts';
import { readTfvars } from '../../local/terraform/variables.ts';
import { runCommand, untilSignal } from '../terminal/command.ts';
import { choiceFlag, numberFlag, readFlags, urlFlag } from '../terminal/flags.ts';

const LIMIT = { min: 1, max: 1e12, whole: true };

await runCommand(async (args) => {
  const flags = readFlags(args, ['rpm', 'tpm', 'enforcement', 'seed', 'var-file', 'backend', 'outputs']);
  const given = flags['var-file'] === undefined ? {} : await readTfvars(flags['var-file']);
  const { models } = await surveyOf(path.join(PROJECT_FOLDER, 'examples/requests.jsonl'));
  const interrupted = untilSignal();
  const { cloud, bedrock, stop } = await startLocalSmoother({
    models,
    quota: {
      requestsPerMinute: numberFlag('rpm', flags.rpm, LIMIT) ?? DEFAULT_QUOTA.requestsPerMinute,
      tokensPerMinute: numberFlag('tpm', flags.tpm, LIMIT) ?? DEFAULT_QUOTA.tokensPerMinute,
    },
    enforcement: choiceFlag('enforcement', flags.enforcement, ENFORCEMENTS),
    seed: numberFlag('seed', flags.seed, { min: 0, max: Number.MAX_SAFE_INTEGER, whole: true }),
    variables: given,
    backendUrl: urlFlag('backend', flags.backend),
    onLog: (functionName, line) => console.error(`${functionName}  ${line}`),
  });
  try {
    if (flags.outputs !== undefined) writeFileSync(flags.outputs, asTerraformTells(cloud.outputs));
    console.log(instructions(cloud, bedrock.url));
    await interrupted;
  } finally {
    await stop();
  }
  return 0;
});

/** The form of `terraform output -json`. */
function asTerraformTells(outputs: LocalCloud['outputs']): string {
  const entries = Object.entries(outputs).map(([name, value]) => [name, { value }]);
  return JSON.stringify(Object.fromEntries(entries), undefined, 2);
}

function instructions({ endpoint, region, operator, outputs }: LocalCloud, bedrockUrl: string): string {
  const named = Object.entries(outputs).filter(([name]) => /_(url|name)$/.test(name));
  const width = Math.max(...named.map(([name]) => name.length));
  return `
The local cloud is up. Ctrl-C stops it. Functions' logs go to standard error.

${named.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n')}

Bedrock simulator: ${bedrockUrl} (statistics at ${bedrockUrl}/_simulator/stats)

For any AWS client:

  export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=${region} AWS_DEFAULT_REGION=${region}
  export AWS_ACCESS_KEY_ID=${operator.accessKeyId} AWS_SECRET_ACCESS_KEY=${operator.secretAccessKey}

  aws sqs send-message --queue-url ${outputs.input_queue_url} --message-body \\
    '{"model_id": "us.amazon.nova-lite-v1:0", "converse": {"messages": [{"role": "user", "content": [{"text": "Hello"}]}], "inferenceConfig": {"maxTokens": 100}}}'
  aws sqs receive-message --queue-url ${outputs.bedrock_results_queue_url} --wait-time-seconds 20
  aws s3 ls s3://${outputs.bedrock_calls_bucket_name} --recursive
`;
}
