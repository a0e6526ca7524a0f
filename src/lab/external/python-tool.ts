/** Python programs that check ours. Where one is not installed, it is installed into an environment of its own. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
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
/** Where programs and packages are installed that a command needs, and no other. */
export const TOOLS_FOLDER = path.join(tmpdir(), 'bedrock-request-smoother-tools');
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
  cache = TOOLS_FOLDER,
): string {
  const installed = onPath(command, folders);
  if (installed !== undefined) return installed;
  const environment = path.join(cache, requirement.replaceAll(/[^a-zA-Z0-9.]+/g, '-'));
  const program = inEnvironment(environment, command);
  if (isExecutable(program)) return program;

  const python = findPython(folders);
  if (python === undefined) {
    const advice = `install Python 3, or put ${command} on the PATH (pip install '${requirement}')`;
    throw new MissingToolError(command, `neither ${command} nor Python was found; ${advice}`);
  }
  install(command, { python, environment, requirements: [requirement] });
  return program;
}

/**
 * The path of a Python that has the packages of a requirements file; they are installed once, into an environment of their own.
 * @throws MissingToolError without Python, or when pip cannot install them
 */
export function providePythonPackages(
  name: string,
  requirementsFile: string,
  folders = process.env.PATH ?? '',
  cache = TOOLS_FOLDER,
): string {
  const digest = createHash('sha256').update(readFileSync(requirementsFile)).digest('hex').slice(0, 12);
  const environment = path.join(cache, `${name}-${digest}`);
  // An installation that was interrupted has no such file, and is done again.
  const complete = path.join(environment, 'complete');
  if (!existsSync(complete)) {
    const python = findPython(folders);
    if (python === undefined) throw new MissingToolError(name, 'Python was not found; install Python 3');
    install(name, { python, environment, requirements: ['--requirement', requirementsFile] });
    writeFileSync(complete, '');
  }
  return inEnvironment(environment, 'python');
}

function findPython(folders: string): string | undefined {
  return PYTHONS.map((name) => onPath(name, folders)).find((found) => found !== undefined);
}

function install(
  tool: string,
  { python, environment, requirements }: { python: string; environment: string; requirements: string[] },
): void {
  console.log(`Installing ${requirements.at(-1)} into ${environment} ...`);
  run(tool, python, ['-m', 'venv', environment]);
  run(tool, inEnvironment(environment, 'python'), ['-m', 'pip', 'install', '--quiet', ...requirements]);
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
