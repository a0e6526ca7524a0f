export class CrashError extends Error {
  override readonly name: string = 'CrashError';
}

/** A call that was made to fail. */
export class PortFailure extends CrashError {
  override readonly name = 'PortFailure';
  constructor(readonly call: string) {
    super(`${call} was made to fail`);
  }
}

/** An instance of a function was stopped before it could answer. */
export class KilledError extends CrashError {
  override readonly name = 'KilledError';
  constructor(
    readonly functionName: string,
    readonly reason: 'cut' | 'timeout',
  ) {
    super(`An instance of ${functionName} was stopped (${reason})`);
  }
}

/** No case has this id. */
export class UnknownCaseError extends CrashError {
  override readonly name = 'UnknownCaseError';
  constructor(readonly caseId: string) {
    super(`There is no case ${caseId}`);
  }
}
