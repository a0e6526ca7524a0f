import { createWriteStream, openSync, type WriteStream, writeFileSync } from 'node:fs';

/** The part of a stream that is needed to show something. */
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
 * Implements `--json [file]`. With a file, figures are written there. With the bare option they alone go to standard
 * output, and the text goes to standard error. Without the option they are dropped.
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

/** A stream into a new file. It is opened at once, so that a failure ends the command. */
export function writeTo(file: string): WriteStream {
  return createWriteStream(file, { fd: openSync(file, 'w') });
}
