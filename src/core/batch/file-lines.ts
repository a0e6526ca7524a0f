/** The lines of a file that is read by byte ranges. Reading can begin at any line. */
import { BatchFileFormatError } from './errors.ts';

export interface Position {
  /** Bytes before the line. */
  offset: number;
  /** The line that begins there, counted from 1. */
  line: number;
}

export const START: Position = { offset: 0, line: 1 };

/** No line may be longer: the largest body of InvokeModel, and room for what is around it. */
export const MAX_LINE_BYTES = 26_000_000;
const RANGE_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;

export interface RangedFile {
  /** The size of the whole file. */
  bytes: number;
  /** Returns exactly `length` bytes: no caller asks beyond the end of the file. */
  read(from: number, length: number): Promise<Uint8Array>;
}

export interface FileLine {
  number: number;
  /** Bytes of the file before it. */
  offset: number;
  /** Without the line feed. Absent: it is longer than {@link MAX_LINE_BYTES}. */
  bytes?: Uint8Array;
  /** Where the next line begins. */
  next: Position;
}

/** How files begin that are mistaken for text of lines. */
const OTHER_FORMATS: readonly [format: string, ...first: number[]][] = [
  ['compressed by gzip (upload it uncompressed)', 0x1f, 0x8b],
  ['compressed by zstd (upload it uncompressed)', 0x28, 0xb5, 0x2f, 0xfd],
  ['compressed by xz (upload it uncompressed)', 0xfd, 0x37, 0x7a, 0x58],
  ['a zip archive (upload the file that is in it)', 0x50, 0x4b, 0x03, 0x04],
  ['UTF-16 text', 0xff, 0xfe],
  ['UTF-16 text', 0xfe, 0xff],
];

function checkFormat(file: Uint8Array): void {
  for (const [format, ...first] of OTHER_FORMATS) {
    if (first.every((byte, index) => file[index] === byte)) throw new BatchFileFormatError(format);
  }
}

/**
 * Keeps at most one range in memory, or one line if that is longer.
 * @throws BatchFileFormatError at the beginning of the file
 */
export async function* linesFrom(
  file: RangedFile,
  start: Position,
  rangeBytes = RANGE_BYTES,
): AsyncGenerator<FileLine> {
  const line = new LineBuffer(start);
  for (let at = start.offset; at < file.bytes; ) {
    const range = await file.read(at, Math.min(rangeBytes, file.bytes - at));
    if (at === 0) checkFormat(range);
    let from = 0;
    for (let end = range.indexOf(LINE_FEED); end >= 0; end = range.indexOf(LINE_FEED, from)) {
      line.add(range.subarray(from, end));
      yield line.take(at + end + 1);
      from = end + 1;
    }
    line.add(range.subarray(from));
    at += range.length;
  }
  if (line.length > 0) yield line.take(file.bytes);
}

/** The beginning of a line, as far as it has been read. */
class LineBuffer {
  #position: Position;
  #pieces: Uint8Array[] = [];
  length = 0;

  constructor(position: Position) {
    this.#position = position;
  }

  add(piece: Uint8Array): void {
    this.length += piece.length;
    if (this.length > MAX_LINE_BYTES) this.#pieces = [];
    else this.#pieces.push(piece);
  }

  take(nextOffset: number): FileLine {
    const { offset, line: number } = this.#position;
    const isTooLong = this.length > MAX_LINE_BYTES;
    const bytes = isTooLong ? undefined : Buffer.concat(this.#pieces, this.length);
    this.#position = { offset: nextOffset, line: number + 1 };
    this.#pieces = [];
    this.length = 0;
    return { number, offset, bytes, next: this.#position };
  }
}

export interface Section {
  lines: FileLine[];
  /** Where the next section begins. */
  end: Position;
  isLast: boolean;
}

/** Returns the next lines, until there are as many lines or as many bytes as `most` says. */
export async function nextSection(
  file: RangedFile,
  start: Position,
  most: { lines: number; bytes: number },
): Promise<Section> {
  const lines: FileLine[] = [];
  let end = start;
  for await (const line of linesFrom(file, start)) {
    lines.push(line);
    end = line.next;
    if (lines.length >= most.lines || end.offset - start.offset >= most.bytes) break;
  }
  return { lines, end, isLast: end.offset >= file.bytes };
}
