/** Python programs that check ours. Where one is not installed, it is installed into an environment of its own. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MissingToolError } from './errors.ts';

export interface PythonTool {
  /** The program's name. */
  command: string;
  /** What pip installs when the program is not on the PATH; pinned, so that everybody gets the same version. */
  requirement: string;
}

const WINDOWS = process.platform === 'win32';
const PYTHONS = WINDOWS ? ['python', 'py'] : ['python3', 'python'];

/** The program's path in one of the folders of a PATH; undefined when it is in none. */
export function onPath(command: string, folders = process.env.PATH ?? ''): string | undefined {
  const names = WINDOWS ? [`${command}.exe`, `${command}.cmd`] : [command];
  const files = folders
    .split(path.delimiter)
    .flatMap((folder) => (folder === '' ? [] : names.map((name) => path.join(folder, name))));
  return files.find(isExecutable);
}

/**
 * The path of the program, which is installed first if necessary.
 * @throws MissingToolError without Python, or when pip cannot install it
 */
export function providePythonTool(
  { command, requirement }: PythonTool,
  folders = process.env.PATH ?? '',
  cache = path.join(tmpdir(), 'bedrock-request-smoother-tools'),
): string {
  const installed = onPath(command, folders);
  if (installed !== undefined) return installed;
  const environment = path.join(cache, requirement.replaceAll(/[^a-zA-Z0-9.]+/g, '-'));
  const program = inEnvironment(environment, command);
  if (isExecutable(program)) return program;

  const python = PYTHONS.map((name) => onPath(name, folders)).find((found) => found !== undefined);
  if (python === undefined) {
    const advice = `install Python 3, or put ${command} on the PATH (pip install '${requirement}')`;
    throw new MissingToolError(command, `neither ${command} nor Python was found; ${advice}`);
  }
  console.log(`Installing ${requirement} into ${environment} ...`);
  run(command, python, ['-m', 'venv', environment]);
  run(command, inEnvironment(environment, 'python'), ['-m', 'pip', 'install', '--quiet', requirement]);
  return program;
}

function inEnvironment(environment: string, name: string): string {
  return WINDOWS ? path.join(environment, 'Scripts', `${name}.exe`) : path.join(environment, 'bin', name);
}

function run(tool: string, file: string, args: string[]): void {
  const { status, stderr, error } = spawnSync(file, args, { encoding: 'utf8' });
  if (status === 0) return;
  const reason = error?.message ?? stderr.trim();
  throw new MissingToolError(tool, `"${[file, ...args].join(' ')}" failed:\n${reason}`);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
