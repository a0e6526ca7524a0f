import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { withoutByteOrderMark } from '../core/request/json.ts';

/** Streams the lines of a file without blank ones and byte order marks. A missing file is Node's own error. */
export async function* linesOf(file: string): AsyncGenerator<string> {
  // An error of the stream would be lost inside readline, so find out first whether the file opens.
  await (await open(file)).close();
  for await (const line of createInterface({
    input: createReadStream(file),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    if (line.trim() !== '') yield withoutByteOrderMark(line);
  }
}

/** The models that a file's messages name, and the number of its lines. */
export async function surveyOf(file: string): Promise<{ lines: number; models: string[] }> {
  const models = new Set<string>();
  let lines = 0;
  for await (const line of linesOf(file)) {
    lines++;
    const model = fieldOf(line, 'model_id');
    if (model !== undefined) models.add(model);
  }
  return { lines, models: [...models] };
}

/** The text of a field, when the line is a JSON object that has it. */
export function fieldOf(line: string, field: string): string | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const found =
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined;
    return typeof found === 'string' ? found : undefined;
  } catch {
    return undefined;
  }
}
