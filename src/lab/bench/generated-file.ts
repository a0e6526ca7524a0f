/** A batch file of any size that is nowhere: its bytes are made when they are read, and what is written is only counted. */
import type { DroppedFile } from '../../core/batch/batch.ts';
import type { BatchFiles } from '../../core/batch/ports.ts';

const QUESTION = 'Please summarise this order in one sentence: 3 chairs, 2 tables, due in May. '.repeat(8);
const METADATA = { 'model-id': 'us.amazon.nova-lite-v1:0' };

/** All lines have the same length, so that the line of an offset is known. */
function lineText(number: number): string {
  const modelInput = {
    messages: [{ role: 'user', content: [{ text: QUESTION }] }],
    inferenceConfig: { maxTokens: 200 },
  };
  return `${JSON.stringify({ recordId: `CALL${String(number).padStart(9, '0')}`, modelInput })}\n`;
}

const LINE_BYTES = Buffer.byteLength(lineText(1));

export interface GeneratedFile {
  files: BatchFiles;
  bytes: number;
  /** What S3 says when the file is dropped. */
  event: string;
  /** Bytes of the output so far. */
  written(): number;
}

export function generateFile(key: string, records: number): GeneratedFile {
  const bytes = records * LINE_BYTES;
  const file: DroppedFile = { key, etag: 'generated', bytes };
  let written = 0;
  const files: BatchFiles = {
    describe: async () => ({ file, metadata: METADATA, modified_at: 0 }),
    text: async () => undefined,
    async read(_file, from, length) {
      const first = Math.floor(from / LINE_BYTES);
      const last = Math.ceil((from + length) / LINE_BYTES);
      const lines = Array.from({ length: last - first }, (_, index) => lineText(first + index + 1));
      return Buffer.from(lines.join(''))
        .subarray(from - first * LINE_BYTES)
        .subarray(0, length);
    },
    async put(outputKey, body) {
      if (outputKey.endsWith('.jsonl.out')) written += body.length;
    },
    beginUpload: async () => 'upload',
    async uploadPart(_key, _uploadId, part, body) {
      written += body.length;
      return `part ${part}`;
    },
    completeUpload: async () => undefined,
  };
  const object = { key, eTag: file.etag, size: bytes };
  return { files, bytes, event: JSON.stringify({ Records: [{ s3: { object } }] }), written: () => written };
}
