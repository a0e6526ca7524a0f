import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { report } from '../../cli/report/report.ts';
import { type Progress, showProgress, type Terminal } from '../../cli/terminal/progress.ts';
import type { StartOptions } from '../../cli/terminal/start-flags.ts';
import { collect } from '../../client/collect.ts';
import { feed } from '../../client/feed.ts';
import { linesOf, surveyOf } from '../../client/lines.ts';
import type { ReportRow } from '../../core/reporting/ports.ts';
import type { ResultMessage } from '../../core/request/result.ts';
import { type BedrockSimulator, startBedrockSimulator } from '../../local/bedrock/simulator.ts';
import { Outcomes } from './outcomes.ts';
import { Submissions } from './submissions.ts';
import { isClean, type RunRecord, summarise } from './summary.ts';
import type { Synthesis } from './synthesis.ts';

/** The local cloud as this command uses it. */
export interface Cloud {
  endpoint: string;
  region: string;
  operator: { accessKeyId: string; secretAccessKey: string };
  outputs: Record<string, unknown>;
  calls(): RunRecord['calls'];
  denials(): RunRecord['denials'];
  /** Resolves when nothing is under way in any function. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

export interface RunDependencies {
  synthesise(): Promise<Synthesis>;
  startCloud(options: {
    stack: unknown;
    assetsFolder: string;
    variables: Record<string, unknown>;
    bedrockUrl: string;
    backendUrl?: string;
    applicationProfiles?: Readonly<Record<string, string>>;
    bedrockQuotas: { requestsPerMinute: number; tokensPerMinute: number; models: readonly string[] };
    onLog?: (functionName: string, line: string) => void;
  }): Promise<Cloud>;
  readTfvars(file: string): Promise<Record<string, unknown>>;
  readReportRows(cloud: Cloud, from: number, to: number): Promise<ReportRow[]>;
  terminal: Terminal;
  /** Stops the run early, as if it had stalled. */
  interrupted: AbortSignal;
}

/** The principal by which the local cloud knows whoever feeds and collects. */
const OPERATOR = 'operator';
/** Required by the stack; nothing is sent to it here. */
export const EXAMPLE_EMAIL = 'platform-team@example.com';
/** Without a result or a call to Bedrock for so long, what is missing counts as lost. */
const STALL_MS = 180_000;
const END_CHECK_MS = 200;
/** What is left to do after the last result has this long. */
const IDLE_MS = 15_000;

/** One run of the whole smoother on the local cloud: feeds a file, collects the results, reports. True: all as it should be. */
export async function run(options: StartOptions, dependencies: RunDependencies): Promise<boolean> {
  const { terminal } = dependencies;
  const survey = await surveyOf(options.input);
  const given = options.varFile === undefined ? {} : await dependencies.readTfvars(options.varFile);
  const started: (() => Promise<void>)[] = [];
  const stopLater = (stop: () => Promise<void>) => started.unshift(stop);
  // What cannot be written fails before anything is built.
  for (const file of [options.logs, options.results]) if (file !== undefined) await writeFile(file, '');
  const logs = options.logs === undefined ? undefined : createWriteStream(options.logs);
  if (logs) stopLater(() => finished(logs.end()));
  try {
    terminal.write('Building and synthesising the stack ...\n');
    const synthesis = await dependencies.synthesise();
    stopLater(synthesis.remove);
    const applicationProfiles = profilesIn(given);
    const quota = { requestsPerMinute: options.rpm, tokensPerMinute: options.tpm };
    const bedrock = await startBedrockSimulator({
      ...quota,
      enforcement: options.enforcement,
      enforcementByModel: options.enforcementByModel,
      seed: options.seed,
      applicationProfiles,
    });
    stopLater(bedrock.close);
    terminal.write('Starting the local cloud ...\n');
    const cloud = await dependencies.startCloud({
      stack: synthesis.stack,
      assetsFolder: synthesis.folder,
      variables: { notification_email: EXAMPLE_EMAIL, ...given },
      bedrockUrl: bedrock.url,
      backendUrl: options.backend,
      applicationProfiles,
      bedrockQuotas: { ...quota, models: [...survey.models, ...Object.values(applicationProfiles)] },
      ...(logs && { onLog: (name: string, line: string) => void logs.write(`${name}  ${line}\n`) }),
    });
    stopLater(cloud.stop);
    terminal.write(
      `Sending ${survey.lines} messages; each model has ${options.rpm} requests and ${options.tpm} tokens a minute (${options.enforcement}).\n\n`,
    );
    const record = await exercise(options, survey.lines, cloud, bedrock, dependencies);
    const summary = summarise(record);
    if (options.summary !== undefined)
      await writeFile(options.summary, `${JSON.stringify(summary, null, 2)}\n`);
    terminal.write(`\n${report(summary, record)}\n`);
    return isClean(summary);
  } finally {
    for (const stop of started) await stop();
  }
}

/** The application inference profiles that the variables name exist in the local account; the stack checks their form. */
export function profilesIn(variables: Record<string, unknown>): Record<string, string> {
  return { ...(variables.application_inference_profiles as Record<string, string> | undefined) };
}

async function exercise(
  options: StartOptions,
  total: number,
  cloud: Cloud,
  bedrock: BedrockSimulator,
  { terminal, interrupted, readReportRows }: RunDependencies,
): Promise<RunRecord> {
  const clients = { endpoint: cloud.endpoint, region: cloud.region, credentials: cloud.operator };
  const sqs = new SQSClient(clients);
  const s3 = new S3Client({ ...clients, forcePathStyle: true });
  const submissions = new Submissions();
  const outcomes = new Outcomes();
  const startedAt = Date.now();
  const output = options.results === undefined ? undefined : createWriteStream(options.results);
  const stop = new AbortController();
  let lastResultAt = Date.now();

  const onResult = async (result: ResultMessage, text: string) => {
    lastResultAt = Date.now();
    output?.write(`${text}\n`);
    if (submissions.ended(result.request_id, result.status)) outcomes.add(result);
  };
  const hideProgress = showProgress(terminal, () => progressOf(total, submissions, outcomes, bedrock));
  const resultsUrl = String(cloud.outputs.bedrock_results_queue_url);
  const collecting = collect(sqs, resultsUrl, onResult, stop.signal);
  const target = {
    sqs,
    s3,
    queueUrl: String(cloud.outputs.input_queue_url),
    bucket: String(cloud.outputs.bedrock_calls_bucket_name),
  };
  const working = async () => {
    await feed(linesOf(options.input), target, (...message) => submissions.sent(...message));
    await until(() => {
      const stalled = Date.now() - Math.max(lastResultAt, lastCallAt(bedrock)) > STALL_MS;
      return submissions.allEnded || stalled || interrupted.aborted;
    });
    // Reports and duplicates of results may still be on their way.
    if (submissions.allEnded)
      await Promise.race([cloud.idle(), setTimeout(IDLE_MS, undefined, { ref: false })]);
  };
  try {
    // The collector ends first only by failing.
    await Promise.race([working(), collecting]);
  } finally {
    stop.abort();
    hideProgress();
    await collecting;
    output?.end();
    if (output) await finished(output);
    sqs.destroy();
    s3.destroy();
  }
  return {
    submissions,
    outcomes,
    bedrock: bedrock.stats(),
    calls: cloud.calls(),
    denials: cloud.denials(),
    reports: await readReportRows(cloud, startedAt, Date.now()),
    operator: OPERATOR,
    durationSeconds: (Date.now() - startedAt) / 1_000,
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setTimeout(END_CHECK_MS);
}

function lastCallAt(bedrock: BedrockSimulator): number {
  return Math.max(0, ...bedrock.stats().lanes.map(({ seconds }) => (seconds.at(-1)?.second ?? 0) * 1_000));
}

function progressOf(
  total: number,
  submissions: Submissions,
  outcomes: Outcomes,
  bedrock: BedrockSimulator,
): Progress {
  const { calls, throttles, lanes } = bedrock.stats();
  return {
    total,
    sent: submissions.submitted,
    ended: outcomes.total,
    calls,
    throttled: throttles,
    running: lanes.reduce((sum, { running }) => sum + running, 0),
  };
}
