import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { FunctionOutput } from './output.ts';

export interface InvocationError {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

/** What a function answered: a JSON text, or an error. */
export type InvocationResult = { payload: string } | FailedInvocation;

export interface FailedInvocation {
  error: InvocationError;
}

export interface EnvironmentOptions {
  taskRoot: string;
  /** The whole environment of the process: nothing is inherited. */
  variables: Record<string, string>;
  onLine: (line: string) => void;
}

export interface Invocation {
  requestId: string;
  functionArn: string;
  event: unknown;
  timeoutMs: number;
}

type Message =
  | { kind: 'ready' }
  | { kind: 'result'; payload: string }
  | { kind: 'error' | 'fatal'; error: InvocationError };

const BOOTSTRAP = fileURLToPath(new URL('./bootstrap.mjs', import.meta.url));
/** Lambda gives the init phase 10 s on a processor of its own; this machine may be busy with other things. */
const INIT_TIMEOUT_MS = 120_000;

/** One execution environment: a Node process of its own that takes one event at a time and is reused while it lives. */
export class ExecutionEnvironment {
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #outputs: FunctionOutput[];
  #waiting: ((message: Message) => void) | undefined;
  #alive = true;

  constructor(options: EnvironmentOptions) {
    const child = spawn(process.execPath, [BOOTSTRAP], {
      cwd: options.taskRoot,
      env: options.variables,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'json',
    });
    this.#process = child;
    this.#outputs = [child.stdout, child.stderr].map(
      (stream) => new FunctionOutput(stream as NodeJS.ReadableStream, options.onLine),
    );
    child.on('message', (message: Message) => this.#deliver(message));
    this.#exited = new Promise((resolve) => {
      const gone = (reason: string) => {
        this.#alive = false;
        this.#deliver({
          kind: 'fatal',
          error: { errorType: 'Runtime.ExitError', errorMessage: `Runtime exited: ${reason}` },
        });
        resolve();
      };
      child.once('exit', (code, signal) => gone(signal ?? `exit status ${code}`));
      // This can come more than once: sending a message to a process that has just ended fails too.
      child.on('error', (error) => gone(error.message));
    });
  }

  /** Whether another event may be given. */
  get usable(): boolean {
    return this.#alive;
  }

  /** Must be awaited once, before the first event. Returns what went wrong, if anything did. */
  async start(): Promise<FailedInvocation | undefined> {
    const start = await this.#next(INIT_TIMEOUT_MS, 'init');
    return start.kind === 'ready' ? undefined : this.#failed(start);
  }

  /** It never rejects: an error in the function is a result. */
  async invoke(invocation: Invocation): Promise<InvocationResult> {
    const { timeoutMs, ...rest } = invocation;
    const answer = this.#next(timeoutMs, invocation.requestId);
    const written = this.#outputs.map((output) => output.endOfInvocation());
    if (this.#alive) this.#process.send({ ...rest, deadline: Date.now() + timeoutMs });
    const message = await answer;
    if (message.kind !== 'fatal') await Promise.all(written);
    return message.kind === 'result' ? { payload: message.payload } : this.#failed(message);
  }

  async stop(): Promise<void> {
    this.kill();
    await this.#exited;
    await Promise.all(this.#outputs.map(({ closed }) => closed));
  }

  /** Ends the process at once, as a crash does: an event that it has fails. */
  kill(): void {
    this.#alive = false;
    this.#process.kill('SIGKILL');
  }

  async #failed(message: Message): Promise<FailedInvocation> {
    if (message.kind !== 'error') await this.stop();
    const error =
      'error' in message
        ? message.error
        : { errorType: 'Runtime.Unknown', errorMessage: 'unexpected message' };
    return { error };
  }

  /** The runtime's next message; when it takes too long, the process is killed, as Lambda does. */
  #next(timeoutMs: number, requestId: string): Promise<Message> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        const seconds = (timeoutMs / 1000).toFixed(2);
        const errorMessage = `${requestId} Task timed out after ${seconds} seconds`;
        this.#deliver({ kind: 'fatal', error: { errorType: 'Sandbox.Timedout', errorMessage } });
        this.kill();
      }, timeoutMs);
      this.#waiting = (message) => {
        clearTimeout(timer);
        resolve(message);
      };
      if (!this.#alive) {
        this.#deliver({
          kind: 'fatal',
          error: { errorType: 'Runtime.ExitError', errorMessage: 'Runtime exited' },
        });
      }
    });
  }

  #deliver(message: Message): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(message);
  }
}
