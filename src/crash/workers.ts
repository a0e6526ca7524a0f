/** Runs the enumeration's parts on all processors. */
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { type Finding, PARTS } from './suite.ts';

/** @param onFinding called as each part ends, in no particular order */
export async function enumerateAll(
  parts: readonly string[],
  onFinding: (finding: Finding) => void,
): Promise<Finding[]> {
  const open = [...parts];
  const findings: Finding[] = [];
  const work = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url));
      const next = () => {
        const name = open.shift();
        if (name === undefined) worker.terminate().then(() => resolve(), reject);
        else worker.postMessage(name);
      };
      worker.on('message', (finding: Finding) => {
        findings.push(finding);
        onFinding(finding);
        next();
      });
      worker.once('error', reject);
      next();
    });
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), open.length) }, work));
  const order = PARTS.map(({ name }) => name);
  return findings.sort((a, b) => order.indexOf(nameOf(a)) - order.indexOf(nameOf(b)));
}

function nameOf({ function: name, scenario }: Finding): string {
  return `${name}/${scenario}`;
}

if (!isMainThread) {
  parentPort?.on('message', async (name: string) => {
    const part = PARTS.find((it) => it.name === name);
    if (part === undefined) throw new RangeError(`There is no part ${name}`);
    parentPort?.postMessage(await part.run({ extent: 'all' }));
  });
}
