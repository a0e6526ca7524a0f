/** How much there is to read in a document, as far as its container tells without reading it. */
import { inflateSync } from 'node:zlib';
import { unzipSync } from 'fflate';

const PAGE = /\/Type\s*\/Page(?![A-Za-z])/g;
/** Newer PDF files keep their pages' dictionaries in compressed streams of objects. */
const OBJECT_STREAM = /\/ObjStm\b[\s\S]{0,2000}?stream\r?\n/g;
const MOST_STREAMS = 500;
const MOST_INFLATED_BYTES = 4_000_000;

/** Pages of a PDF file; undefined where they cannot be counted. */
export function pagesOf(pdf: Buffer): number | undefined {
  const text = pdf.toString('latin1');
  let pages = countIn(text);
  let streams = 0;
  for (const { 0: head, index } of text.matchAll(OBJECT_STREAM)) {
    streams += 1;
    if (streams > MOST_STREAMS) break;
    const start = index + head.length;
    pages += countIn(inflated(pdf.subarray(start, text.indexOf('endstream', start))));
  }
  return pages === 0 ? undefined : pages;
}

function countIn(text: string): number {
  return text.match(PAGE)?.length ?? 0;
}

function inflated(stream: Uint8Array): string {
  try {
    return inflateSync(stream, { maxOutputLength: MOST_INFLATED_BYTES }).toString('latin1');
  } catch {
    return '';
  }
}

/** Parts of an Office file that hold what people read. */
const READ =
  /^(word\/(document|footnotes|endnotes)|xl\/(sharedStrings|worksheets\/[^/]+)|ppt\/slides\/[^/]+)\.xml$/;

/** Bytes of XML that hold an Office file's text; undefined for what is not such a file. Nothing is unpacked. */
export function officeXmlBytesOf(file: Uint8Array): number | undefined {
  let bytes = 0;
  try {
    unzipSync(file, {
      filter: ({ name, originalSize }) => {
        if (READ.test(name)) bytes += originalSize;
        return false;
      },
    });
  } catch {
    return undefined;
  }
  return bytes === 0 ? undefined : bytes;
}
