/** Runs the enumeration's parts on all processors: one process each. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { WorkerDiedError } from './errors.ts';
import { type Finding, PARTS } from './suite.ts';

/** Found from the project's folder. */
const TYPESCRIPT = ['--import', 'tsx'];
const PROGRAM = fileURLToPath(new URL('./worker.ts', import.meta.url));

/** @param onFinding called as each part ends, in no particular order */
export async function enumerateAll(
  parts: readonly string[],
  onFinding: (finding: Finding) => void,
): Promise<Finding[]> {
  const open = [...parts];
  const findings = new Map<string, Finding>();
  const work = async () => {
    const child = fork(PROGRAM, [], { execArgv: TYPESCRIPT });
    for (let part = open.shift(); part !== undefined; part = open.shift()) {
      const finding = await ask(child, part);
      findings.set(part, finding);
      onFinding(finding);
    }
    child.disconnect();
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), open.length) }, work));
  return PARTS.flatMap(({ name }) => findings.get(name) ?? []);
}

async function ask(child: ChildProcess, part: string): Promise<Finding> {
  const asked = new AbortController();
  const { signal } = asked;
  child.send(part);
  const answer = once(child, 'message', { signal }).then(([finding]) => finding as Finding);
  const death = once(child, 'exit', { signal }).then(([code]): never => {
    throw new WorkerDiedError(part, code);
  });
  try {
    return await Promise.race([answer, death]);
  } finally {
    asked.abort();
  }
}
