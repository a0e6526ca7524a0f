/** What must hold of a batch file once everything has come to rest. */
import type { BatchStatus } from '../../core/batch/batch.ts';
import { hasEnded } from '../../core/batch/batch.ts';
import type { BatchReport } from '../../core/batch/manifest.ts';
import type { Pipeline } from './pipeline.ts';

const OUTPUTS = 'batch-outputs/';

/** Every record is answered once, in its place; the counts are right; the end is told, and always the same. */
export async function brokenBatch(
  pipeline: Pipeline,
  expected: { status: BatchStatus; success: number; error: number },
  faults: number,
): Promise<string[]> {
  const { cloud } = pipeline;
  const objects = new Map<string, string>();
  for (const key of cloud.bucket.keys().filter((it) => it.startsWith(OUTPUTS))) {
    objects.set(key.split('/').at(-1) ?? '', (await cloud.batchPorts.files.text(key)) ?? '');
  }
  const broken: string[] = [];
  for (const batch of cloud.batches()) {
    if (!hasEnded(batch)) broken.push(`the batch has no end: ${batch.status}`);
    if (batch.expires_at === undefined) broken.push('the batch would be kept for ever');
  }
  const progress = JSON.parse(objects.get('progress.json') ?? '{}');
  if (progress.status !== expected.status) broken.push(`the batch ended ${progress.status}`);
  broken.push(...tellings(cloud.published, expected.status, faults));
  if (expected.status === 'FAILED') return broken;

  const manifest = JSON.parse(objects.get('manifest.json.out') ?? '{}');
  const total = expected.success + expected.error;
  const counts = [manifest.totalRecordCount, manifest.successRecordCount, manifest.errorRecordCount];
  if (counts.join() !== [total, expected.success, expected.error].join()) {
    broken.push(`the manifest counts ${counts.join()}`);
  }
  return [...broken, ...answersOf(objects.get('nightly.jsonl.out'), await textOfFile(pipeline))];
}

function tellings(published: readonly { message: unknown }[], status: BatchStatus, faults: number): string[] {
  const texts = published.map(({ message }) =>
    JSON.stringify({ ...(message as BatchReport), updatedAt: '' }),
  );
  const broken: string[] = [];
  if (texts.length === 0) broken.push('nobody was told of the end');
  if (texts.length > 1 + faults) broken.push(`the end was told ${texts.length} times`);
  if (new Set(texts).size > 1) broken.push('the end was told in different words');
  if (texts.some((text) => JSON.parse(text).status !== status)) broken.push('another end was told');
  return broken;
}

async function textOfFile({ cloud }: Pipeline): Promise<string> {
  const key = cloud.bucket.keys().find((it) => it.endsWith('.jsonl')) ?? '';
  return (await cloud.batchPorts.files.text(key)) ?? '';
}

/** Line by line: an answer is the one that Bedrock gave to that very record. */
function answersOf(output: string | undefined, file: string): string[] {
  if (output === undefined) return ['there is no output'];
  const records = file
    .split('\n')
    .flatMap((text, index) => (text === '' ? [] : [{ text, number: index + 1 }]));
  const answers = output.split('\n').slice(0, -1);
  if (answers.length !== records.length) {
    return [`${answers.length} lines answer ${records.length} records`];
  }
  return records.flatMap(({ text, number }, index) => {
    const answer = JSON.parse(answers[index] ?? '{}');
    const id = text.startsWith('{') ? JSON.parse(text).recordId : `LINE${String(number).padStart(7, '0')}`;
    if (answer.recordId !== id) return [`line ${number} is answered by that of ${answer.recordId}`];
    const said = answer.modelOutput?.message.content[0].text;
    if (answer.error !== undefined || said.startsWith('x') || said.endsWith(` to ${id}`)) return [];
    return [`${id} has the answer of another: ${said}`];
  });
}
