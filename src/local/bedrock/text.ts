import { uniform } from './random.ts';
import { countTextTokens } from './tokens.ts';

const SENTENCES = [
  'The request has been read in full, and the main points are summarised below.',
  'First, the figures agree with the previous quarter within two per cent.',
  'The customer asked for a refund because the parcel arrived late.',
  'In short, the second option costs less and keeps the same guarantees.',
  'A careful reader will notice that the deadline falls on a public holiday.',
  'The tone of the message is polite, and its urgency is moderate.',
  'Three risks remain: the supplier, the schedule, and the translation.',
  'We recommend to answer today and to attach the signed form.',
  'The function returns early when the list is empty, which is correct.',
  'Neither clause limits liability for damage caused on purpose.',
  'The sentiment is positive, with one remark about the delivery time.',
  'Next, compare the totals by region and mark those above the plan.',
];

/** Readable text of about `tokens` tokens, the same for the same seed and key. */
export function writeText(tokens: number, seed: number, key: string): string {
  const words: string[] = [];
  let written = 0;
  for (let sentence = 0; written < tokens; sentence++) {
    const pick = SENTENCES[Math.floor(uniform(seed, key, sentence) * SENTENCES.length)] ?? '';
    for (const word of pick.split(' ')) {
      if (written >= tokens) break;
      words.push(word);
      written += countTextTokens(word);
    }
  }
  return words.join(' ');
}

/** The start of a text, as far as that many tokens go. */
export function cutText(text: string, tokens: number): string {
  let written = 0;
  let end = 0;
  for (const piece of text.matchAll(/\w+|\W/g)) {
    written += countTextTokens(piece[0]);
    if (written > tokens) break;
    end = piece.index + piece[0].length;
  }
  return text.slice(0, end);
}

const CHARACTERS_PER_PIECE = 40;

/** A text as a stream sends it: piece by piece, which together are the text. */
export function piecesOf(text: string): string[] {
  return text.match(new RegExp(`[\\s\\S]{1,${CHARACTERS_PER_PIECE}}`, 'gu')) ?? [];
}
