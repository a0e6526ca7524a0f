import { randomUUID } from 'node:crypto';
import type { Activity } from '../activity.ts';
import {
  ExecutionEnvironment,
  type FailedInvocation,
  type InvocationResult,
} from './execution-environment.ts';
import type { Starts } from './starts.ts';

export interface FunctionOptions {
  name: string;
  arn: string;
  taskRoot: string;
  timeoutSeconds: number;
  /** The whole environment, Lambda's own variables included. */
  variables: Record<string, string>;
  /** How asynchronous invocations are retried. */
  asynchronous: { maximumRetryAttempts: number; maximumEventAgeSeconds: number };
  activity: Activity;
  /** Shared by all functions. */
  starts: Starts;
  onLine: (line: string) => void;
}

/** Lambda waits this long before the first and the second retry of an asynchronous invocation. */
const RETRY_DELAYS_MS = [60_000, 120_000];

const STOPPED: FailedInvocation = { error: { errorType: 'Stopped', errorMessage: 'the local cloud stops' } };

/** A function. It has as many execution environments as it ran events at once; one that is free is used again. */
export class LambdaFunction {
  readonly #idle: ExecutionEnvironment[] = [];
  readonly #all = new Set<ExecutionEnvironment>();
  readonly #retries = new Set<NodeJS.Timeout>();
  #stopped = false;

  readonly #options: FunctionOptions;

  constructor(options: FunctionOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get arn(): string {
    return this.#options.arn;
  }

  /** Whether a failed asynchronous invocation waits for its next try. */
  get retrying(): boolean {
    return this.#retries.size > 0;
  }

  /** Runs one event now. It never rejects: an error in the function is a result. */
  async invoke(event: unknown, requestId: string = randomUUID()): Promise<InvocationResult> {
    if (this.#stopped) return STOPPED;
    return this.#options.activity.during(async () => {
      const environment = this.#warm() ?? (await this.#options.starts.during(() => this.#startOne()));
      const result =
        'error' in environment
          ? environment
          : await environment.invoke({
              requestId,
              functionArn: this.arn,
              event,
              timeoutMs: this.#options.timeoutSeconds * 1000,
            });
      if (environment instanceof ExecutionEnvironment) this.#giveBack(environment);
      if ('error' in result && !this.#stopped) this.#report(requestId, result.error);
      return result;
    });
  }

  /** Accepts an event to run soon, with the retries that the function's configuration grants. */
  invokeLater(event: unknown): void {
    const requestId = randomUUID();
    const acceptedAt = Date.now();
    const { maximumRetryAttempts, maximumEventAgeSeconds } = this.#options.asynchronous;
    const attempt = async (retry: number): Promise<void> => {
      const result = await this.invoke(event, requestId);
      const delay = RETRY_DELAYS_MS[retry] ?? 0;
      const tooOld = Date.now() + delay - acceptedAt > maximumEventAgeSeconds * 1000;
      if (!('error' in result) || retry >= maximumRetryAttempts || tooOld || this.#stopped) return;
      const timer = setTimeout(() => {
        this.#retries.delete(timer);
        void attempt(retry + 1);
      }, delay);
      this.#retries.add(timer);
    };
    void attempt(0);
  }

  /** Processes that have an event now, or start for one. */
  get running(): readonly ExecutionEnvironment[] {
    return [...this.#all].filter((environment) => environment.usable && !this.#idle.includes(environment));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#retries) clearTimeout(timer);
    await Promise.all([...this.#all].map((environment) => environment.stop()));
  }

  /** The environment used last is the warmest. */
  #warm(): ExecutionEnvironment | undefined {
    for (let warm = this.#idle.pop(); warm; warm = this.#idle.pop()) {
      if (warm.usable) return warm;
      this.#all.delete(warm);
    }
    return undefined;
  }

  /** A new environment, or one that has become free in the meantime; or the reason why there is none. */
  async #startOne(): Promise<ExecutionEnvironment | FailedInvocation> {
    const free = this.#warm();
    if (free) return free;
    if (this.#stopped) return STOPPED;
    const { taskRoot, variables, onLine } = this.#options;
    const environment = new ExecutionEnvironment({
      taskRoot,
      onLine,
      variables: { ...variables, AWS_LAMBDA_LOG_STREAM_NAME: randomUUID() },
    });
    this.#all.add(environment);
    const failed = await environment.start();
    if (!failed) return environment;
    this.#all.delete(environment);
    return failed;
  }

  #giveBack(environment: ExecutionEnvironment): void {
    if (environment.usable) this.#idle.push(environment);
    else this.#all.delete(environment);
  }

  #report(requestId: string, error: { errorType: string; errorMessage: string; trace?: string[] }): void {
    this.#options.onLine(JSON.stringify({ level: 'ERROR', message: 'Invoke Error', requestId, ...error }));
  }
}
