import { createInterface } from 'node:readline';

/** Ends the last line of an invocation; written by bootstrap.mjs. */
const END_OF_INVOCATION = '\u0000';

/** What a function writes to one of its streams, line by line, and where an invocation's lines end. */
export class FunctionOutput {
  readonly closed: Promise<void>;
  #ended: (() => void) | undefined;

  constructor(stream: NodeJS.ReadableStream, onLine: (line: string) => void) {
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('line', (line) => {
      if (!line.endsWith(END_OF_INVOCATION)) return onLine(line);
      if (line.length > END_OF_INVOCATION.length) onLine(line.slice(0, -END_OF_INVOCATION.length));
      this.#ended?.();
    });
    this.closed = new Promise((resolve) => lines.once('close', () => resolve()));
  }

  /** Resolves when the lines of the invocation now under way have all been passed on. */
  endOfInvocation(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    return Promise.race([ended, this.closed]);
  }
}
