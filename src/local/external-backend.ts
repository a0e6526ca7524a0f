import type { Backend } from './emulators.ts';
import { LocalCloudError } from './errors.ts';

/** The given URL does not answer, or not like an AWS emulator. */
export class BackendUnavailableError extends LocalCloudError {
  override readonly name = 'BackendUnavailableError';

  constructor(
    readonly url: string,
    reason: string,
  ) {
    super(`No AWS emulator can be used at ${url}: ${reason}`);
  }
}

/** Emulators take the service from the signature, and do not check the signature itself. */
const UNCHECKED =
  'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0';

/**
 * An emulator of DynamoDB, SQS and S3 that runs elsewhere, such as moto's server. The gateway adds to it what it adds
 * to the embedded ones.
 * @throws BackendUnavailableError when nothing there knows which account it speaks for
 */
export async function connectBackend(url: string): Promise<Backend> {
  return {
    dynamodbUrl: url,
    sqsUrl: url,
    s3Url: url,
    accountId: await accountOf(url),
    queueUrlStart: (host) => `http://${host}/`,
    lasting: true,
    stop: async () => {},
  };
}

async function accountOf(url: string): Promise<string> {
  const ask = fetch(url, {
    method: 'POST',
    headers: { authorization: UNCHECKED, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  });
  const answer = await ask.then((response) => response.text()).catch((error) => error as Error);
  if (answer instanceof Error) {
    throw new BackendUnavailableError(url, String(answer.cause ?? answer.message));
  }
  const [, account] = /<Account>(\d{12})<\/Account>/.exec(answer) ?? [];
  if (account === undefined)
    throw new BackendUnavailableError(url, 'STS GetCallerIdentity did not name an account');
  return account;
}
