import { createWriteStream, openSync, type WriteStream, writeFileSync } from 'node:fs';

/** As much of a stream as showing something needs. */
export interface Terminal {
  isTTY?: boolean;
  write(text: string): unknown;
}

/** What a command prints: text for people, figures for programs. */
export interface Printer {
  terminal: Terminal;
  line(text: string): void;
  figures(value: unknown): void;
}

/**
 * Follows `--json [file]`. With a file, figures go there; with the bare option they are all that standard output gets, and
 * the text goes to standard error; without the option they are dropped.
 */
export function printer(
  json: string | true | undefined,
  terminal: Terminal = json === true ? process.stderr : process.stdout,
): Printer {
  return {
    terminal,
    line: (text) => void terminal.write(`${text}\n`),
    figures(value) {
      const text = `${JSON.stringify(value, undefined, 2)}\n`;
      if (json === true) process.stdout.write(text);
      else if (json !== undefined) writeFileSync(json, text);
    },
  };
}

/** A stream into a new file, which is opened at once: when that fails, the command ends. */
export function writeTo(file: string): WriteStream {
  return createWriteStream(file, { fd: openSync(file, 'w') });
}
