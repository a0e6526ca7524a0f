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

/** A function's instance was stopped in the middle: nobody got an answer from it. */
export class KilledError extends CrashError {
  override readonly name = 'KilledError';
  constructor(
    readonly functionName: string,
    readonly reason: 'cut' | 'timeout',
  ) {
    super(`An instance of ${functionName} was stopped (${reason})`);
  }
}

/** A case that cannot be: the id names none. */
export class UnknownCaseError extends CrashError {
  override readonly name = 'UnknownCaseError';
  constructor(readonly caseId: string) {
    super(`There is no case ${caseId}`);
  }
}
