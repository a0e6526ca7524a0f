/** Temporary folders that name their owner, so that what a killed run left behind is found and removed at the next start. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { isRunning } from './processes.ts';

const PREFIX = 'bedrock-request-smoother';
/** Process ids mean nothing on another host, nor in another container that shares the folder. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
const NAME = new RegExp(`^${PREFIX}-[a-z-]+-${HOST}-(\\d+)-\\w+$`);

/**
 * Makes a folder for this process, and removes those of processes that no longer run. The caller removes it in the end.
 * @param purpose in lower case, a part of its name
 */
export async function makeTemporaryFolder(purpose: string, parent = tmpdir()): Promise<string> {
  await sweep(parent);
  return mkdtemp(path.join(parent, `${PREFIX}-${purpose}-${HOST}-${process.pid}-`));
}

async function sweep(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const owner = NAME.exec(name)?.[1];
    if (owner === undefined || isRunning(Number(owner))) continue;
    // It may belong to another user, or be removed by another process at this moment.
    await rm(path.join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
}
