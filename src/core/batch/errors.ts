export class BatchError extends Error {
  override readonly name: string = 'BatchError';
}

/** The batch has to end, because nothing can be done with its file. */
export class BatchFileError extends BatchError {
  override readonly name: string = 'BatchFileError';
}

/** The batch's file is no text of lines, to its first byte. */
export class BatchFileFormatError extends BatchFileError {
  override readonly name = 'BatchFileFormatError';
  constructor(readonly format: string) {
    super(`the file must be UTF-8 text, one JSON object per line, and is ${format}`);
  }
}

/** The batch's file can no longer be read in the version that was dropped. */
export class BatchFileGoneError extends BatchFileError {
  override readonly name = 'BatchFileGoneError';
  constructor(readonly key: string) {
    super(
      `${key} cannot be read: it was deleted while its batch was running, or the batch function may not use its KMS key`,
    );
  }
}

/** S3 does not know the upload or one of its parts any more: it was completed already, or aborted. */
export class UploadLostError extends BatchError {
  override readonly name = 'UploadLostError';
  constructor(readonly key: string) {
    super(`The upload of ${key} is gone`);
  }
}

/** Two invocations work on the same batch: this one was slower. */
export class TurnTakenError extends BatchError {
  override readonly name = 'TurnTakenError';
  constructor(
    readonly batchId: string,
    readonly turn: number,
  ) {
    super(`Turn ${turn} of batch ${batchId} has been taken by another invocation`);
  }
}
