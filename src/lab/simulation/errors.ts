export class SimulationError extends Error {
  override readonly name: string = 'SimulationError';
}

/** Work remains, but nothing that could ever wake it: some promise waits for what will not come. */
export class DeadlockError extends SimulationError {
  override readonly name = 'DeadlockError';
  constructor(
    readonly atMs: number,
    readonly pending: number,
  ) {
    super(`Nothing is scheduled at ${atMs} ms while ${pending} task(s) remain unfinished`);
  }
}

/** A call that the quota can never admit. */
export class OversizedCallError extends SimulationError {
  override readonly name = 'OversizedCallError';
  constructor(
    readonly tokens: number,
    readonly tokensPerMinute: number,
  ) {
    super(`A call of ${tokens} tokens never fits a quota of ${tokensPerMinute} tokens per minute`);
  }
}

export class TraceFormatError extends SimulationError {
  override readonly name = 'TraceFormatError';
  constructor(
    readonly line: number,
    expected: string,
    received: string,
  ) {
    super(`Trace line ${line}: expected ${expected}, received ${JSON.stringify(received)}`);
  }
}

/** Something that the simulation lets go wrong on purpose. */
export class InjectedFaultError extends SimulationError {
  override readonly name = 'InjectedFaultError';
}
