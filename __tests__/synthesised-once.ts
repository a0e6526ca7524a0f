/** For the tests that start the local cloud: the stack is built and synthesised once for all of them. */
import type { TestProject } from 'vitest/node';
import { type Synthesis, synthesise } from '../src/lab/run/synthesis.ts';

declare module 'vitest' {
  interface ProvidedContext {
    synthesis: Pick<Synthesis, 'stack' | 'folder'>;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { stack, folder, remove } = await synthesise();
  project.provide('synthesis', { stack, folder });
  return remove;
}
