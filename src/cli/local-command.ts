/** What commands share that run the smoother on this machine: its options, and the requests that it is fed. */
import path from 'node:path';
import { DEFAULT_QUOTA, type LocalSmootherOptions } from '../lab/run/local-smoother.ts';
import { PROJECT_FOLDER } from '../lab/run/synthesis.ts';
import { readVariables } from '../lab/run/variables.ts';
import { ENFORCEMENTS, type Enforcement } from '../local/bedrock/accounting.ts';
import { command } from './command.ts';
import { accountId, choice, inputFile, LIMIT, seed, url, wholeNumber } from './terminal/options.ts';

const EXAMPLES = 'examples/requests.jsonl';
export const EXAMPLES_FILE = path.join(PROJECT_FOLDER, EXAMPLES);

export function requestsFile() {
  return inputFile('--input <file>', 'requests as JSON lines').default(EXAMPLES_FILE, EXAMPLES);
}

export function localCommand(...examples: string[]) {
  return command(...examples)
    .addOption(
      wholeNumber('--rpm <n>', 'quota of each model, in requests a minute', LIMIT).default(
        DEFAULT_QUOTA.requestsPerMinute,
      ),
    )
    .addOption(
      wholeNumber('--tpm <n>', 'quota of each model, in tokens a minute', LIMIT).default(
        DEFAULT_QUOTA.tokensPerMinute,
      ),
    )
    .addOption(
      choice('--enforcement <kind>', 'how Bedrock measures the minute', ENFORCEMENTS).default(
        'sliding-window' as const,
      ),
    )
    .addOption(seed("of the simulator's latencies and answers"))
    .addOption(accountId('--account <id>', 'the account to play; default: that of the ARNs in use'))
    .addOption(inputFile('--var-file <file>', 'a tfvars file, in HCL or JSON'))
    .addOption(url('--backend <url>', 'an emulator of DynamoDB, SQS and S3 to run on'));
}

export interface LocalValues {
  rpm: number;
  tpm: number;
  enforcement: Enforcement;
  seed: number;
  account?: string;
  varFile?: string;
  backend?: string;
}

/** @throws TfvarsError when the tfvars file holds what the stack does not accept */
export async function smootherOptions(values: LocalValues) {
  const { varFile } = values;
  const { values: variables, warnings } =
    varFile === undefined ? { values: {}, warnings: [] } : await readVariables(varFile);
  for (const warning of warnings) console.error(`Warning: ${warning}`);
  return {
    quota: { requestsPerMinute: values.rpm, tokensPerMinute: values.tpm },
    enforcement: values.enforcement,
    seed: values.seed,
    variables,
    accountId: values.account,
    backendUrl: values.backend,
  } satisfies Partial<LocalSmootherOptions>;
}
