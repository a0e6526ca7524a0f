/** Runs tasks on all processors: one process each, which takes one task after the other. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

/** By its address, since the command may run in any folder. */
const TYPESCRIPT = ['--import', import.meta.resolve('tsx')];

export class ProcessDiedError extends Error {
  override readonly name = 'ProcessDiedError';

  constructor(
    readonly task: unknown,
    readonly code: number | null,
  ) {
    super(`The process that ran ${JSON.stringify(task)} died with exit code ${code}`);
  }
}

/**
 * The answers in the order of the tasks.
 * @param program answers each message that it gets by one message
 * @param onAnswer called as each task ends, in no particular order
 * @throws {ProcessDiedError}
 */
export async function inProcesses<Task, Answer>(
  program: URL,
  tasks: readonly Task[],
  onAnswer: (answer: Answer) => void,
): Promise<Answer[]> {
  const open = tasks.entries();
  const answers = new Array<Answer>(tasks.length);
  const work = async () => {
    const child = fork(fileURLToPath(program), [], { execArgv: TYPESCRIPT });
    for (const [index, task] of open) {
      const answer = await ask<Answer>(child, task);
      answers[index] = answer;
      onAnswer(answer);
    }
    child.disconnect();
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), tasks.length) }, work));
  return answers;
}

async function ask<Answer>(child: ChildProcess, task: unknown): Promise<Answer> {
  const asked = new AbortController();
  const { signal } = asked;
  child.send(task as string);
  const answer = once(child, 'message', { signal }).then(([it]) => it as Answer);
  const death = once(child, 'exit', { signal }).then(([code]): never => {
    throw new ProcessDiedError(task, code);
  });
  try {
    return await Promise.race([answer, death]);
  } finally {
    asked.abort();
  }
}
