/** Payloads as producers send them, to measure what is left of one when it is packed: our own documentation is their text. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packed } from '../../aws/packed.ts';
import { payloadText } from '../../core/request/payload.ts';
import { PROJECT_FOLDER } from '../run/synthesis.ts';

const PAGES = ['architecture', 'operations', 'release-engine', 'messages', 'tenants', 'reliability'];
/** Of each page, so many cuts. */
const CUTS = 2;
const SYSTEM = 'Answer the question of a customer. Use only what the page says, and write one paragraph.';

/** Bytes that payloads of this size take when they are packed, one for each sample. */
export function packedSizes(bytes: number): number[] {
  const texts = PAGES.map((page) => readFileSync(path.join(PROJECT_FOLDER, 'docs', `${page}.md`), 'utf8'));
  const cuts = texts.flatMap((text) =>
    Array.from({ length: CUTS }, (_, cut) => text.slice(Math.floor((text.length * cut) / CUTS))),
  );
  return cuts.map((text) => packed(payloadOf(text, bytes)).length);
}

function payloadOf(text: string, bytes: number): string {
  const page = text.repeat(Math.ceil(bytes / text.length));
  const around = Buffer.byteLength(textWith(''));
  return textWith(page.slice(0, Math.max(1, bytes - around)));
}

function textWith(page: string): string {
  const converse = {
    system: [{ text: SYSTEM }],
    messages: [{ role: 'user', content: [{ text: page }] }],
    inferenceConfig: { maxTokens: 500, temperature: 0.2 },
  };
  const body = JSON.stringify(converse);
  return payloadText({ payload: { v: 1, operation: 'converse', converse }, body });
}
