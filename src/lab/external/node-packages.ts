/** Packages of npm that a command needs and the project does not. They are installed into a folder of their own. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PROJECT_FOLDER } from '../run/synthesis.ts';
import { MissingToolError } from './errors.ts';
import { TOOLS_FOLDER } from './python-tool.ts';

const WINDOWS = process.platform === 'win32';

/**
 * A copy of a folder of the project beside the packages that its package-lock.json names, so that none of them are in the
 * project. They are installed once.
 * @param beforeInstall gets the folder that stands for the project's
 * @throws MissingToolError when npm cannot install them
 */
export function provideNodePackages(
  name: string,
  folder: string,
  beforeInstall?: (root: string) => void,
): string {
  const lock = path.join(folder, 'package-lock.json');
  const digest = createHash('sha256').update(readFileSync(lock)).digest('hex').slice(0, 12);
  const root = path.join(TOOLS_FOLDER, `${name}-${digest}`);
  const copy = path.join(root, path.relative(PROJECT_FOLDER, folder));
  cpSync(folder, copy, { recursive: true, filter: (file) => path.basename(file) !== 'node_modules' });
  // An installation that was interrupted has no such file, and is done again.
  const complete = path.join(root, 'complete');
  if (existsSync(complete)) return copy;
  console.log(`Installing the packages of ${lock} into ${copy} ...`);
  beforeInstall?.(root);
  runNpm(['ci', '--no-progress', '--ignore-scripts'], copy);
  writeFileSync(complete, '');
  return copy;
}

/** @throws MissingToolError unless npm succeeds */
export function runNpm(args: string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(WINDOWS ? 'npm.cmd' : 'npm', args, {
    cwd,
    encoding: 'utf8',
    shell: WINDOWS,
  });
  if (status === 0) return;
  const reason = error?.message ?? stderr.trim();
  throw new MissingToolError('npm', `"npm ${args.join(' ')}" failed: ${reason}`);
}
