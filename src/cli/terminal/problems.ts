/** Errors that users can do something about, in one line each. */
import { SmootherError, SmootherUsageError } from '../../client/errors.ts';
import { UnknownDeadLetterError } from '../../core/operations/errors.ts';
import { ExternalToolError, MissingToolError } from '../../lab/external/errors.ts';
import { SynthesisError } from '../../lab/run/synthesis.ts';
import { SimulatorOptionError } from '../../local/bedrock/errors.ts';
import { LocalCloudError } from '../../local/errors.ts';
import { TfvarsError } from '../../local/terraform/errors.ts';
import { EXIT } from '../command.ts';

/** Errors whose messages are clear by themselves. */
const CLEAR = [
  SmootherError,
  ExternalToolError,
  LocalCloudError,
  MissingToolError,
  SimulatorOptionError,
  SynthesisError,
  UnknownDeadLetterError,
];

/** Names of the errors of AWS and its SDK, and what they mean to the user. */
const AWS: Record<string, string> = {
  AccessDenied: 'the credentials may not do this',
  AccessDeniedException: 'the credentials may not do this',
  CredentialsProviderError:
    'no AWS credentials were found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  ExpiredToken: 'the AWS credentials have expired',
  ExpiredTokenException: 'the AWS credentials have expired',
  InvalidClientTokenId: 'AWS does not know these credentials',
  NoSuchBucket: 'there is no such bucket; is the stack applied in this Region?',
  QueueDoesNotExist: 'there is no such queue; is the stack applied in this Region?',
  ResourceNotFoundException: 'there is no such table; is the stack applied in this Region?',
  SignatureDoesNotMatch: 'the secret access key is wrong',
  InvalidSignatureException: 'the secret access key is wrong',
  UnrecognizedClientException: 'AWS does not know these credentials',
};

export interface Problem {
  message: string;
  exitCode: number;
}

/** Mistakes in the command line, or in a file that it names. */
const USAGE = [SmootherUsageError, TfvarsError];

/** What to tell the user about an error; undefined for a bug of ours, which is shown with its stack. */
export function problemOf(error: unknown): Problem | undefined {
  const message = messageOf(error);
  return message === undefined
    ? undefined
    : { message, exitCode: USAGE.some((type) => error instanceof type) ? EXIT.usage : EXIT.failed };
}

function messageOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (CLEAR.some((type) => error instanceof type)) return error.message;
  if (error.message === 'Region is missing') {
    return 'no AWS Region was found; set AWS_REGION, or give --outputs';
  }
  const advice = AWS[error.name];
  if (advice !== undefined) return `${advice} (${error.name}: ${error.message})`;
  if ('$metadata' in error && '$fault' in error) return `AWS answered ${error.name}: ${error.message}`;
  // A file that cannot be opened, a port that is taken, an endpoint that does not answer.
  const { code, message } = systemErrorIn(error) ?? {};
  if (code === 'EADDRINUSE') return `${message}; choose another --port`;
  return code === 'ECONNREFUSED' ? `nothing answers there: ${message}` : message;
}

function systemErrorIn(error: Error): NodeJS.ErrnoException | undefined {
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return inner instanceof Error && 'syscall' in inner ? (inner as NodeJS.ErrnoException) : undefined;
}
