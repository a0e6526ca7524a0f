#!/usr/bin/env node
/**
 * The `smoother` command (`node scripts/run.mjs COMMAND ...`), on a fresh clone too: plain JavaScript without
 * dependencies, it installs what is missing and then hands over to src/cli in this same process.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isInstalled, isSupported, MINIMUM_NODE } from './bootstrap.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

if (!isSupported(process.versions.node)) {
  console.error(`Node ${MINIMUM_NODE.join('.')} or newer is needed, this is ${process.versions.node}.`);
  process.exitCode = 1;
} else if (!isWritable(tmpdir())) {
  console.error(`The temporary folder ${tmpdir()} cannot be written; TMPDIR can name another.`);
  process.exitCode = 1;
} else if (isInstalled(root) || install()) {
  // npm runs scripts in the project's folder, but paths on the command line are relative to where the user is.
  if (process.env.npm_package_json === path.join(root, 'package.json') && process.cwd() === root) {
    process.chdir(process.env.INIT_CWD ?? root);
  }
  // The SDK's advance notice about Node 20 does not help anybody who runs a command.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const { register } = await import(inProject('node_modules/tsx/dist/esm/api/index.mjs'));
  register({ tsconfig: path.join(root, 'tsconfig.json') });
  await import(inProject('src/cli/main.ts'));
}

/** Installs all dependencies, whatever NODE_ENV says: the local cloud needs those for development too. */
function install() {
  console.error('Installing dependencies ...');
  const windows = process.platform === 'win32';
  // Offline where it can: the lock file names each version, so the registry need not be asked about what npm has in its cache.
  const args = ['ci', '--include=dev', '--no-progress', '--prefer-offline'];
  const { status } = spawnSync(windows ? 'npm.cmd' : 'npm', args, {
    cwd: root,
    // npm's output goes to standard error, because standard output belongs to the command.
    stdio: ['ignore', 2, 2],
    shell: windows,
  });
  process.exitCode = status ?? 1;
  return status === 0;
}

function isWritable(folder) {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function inProject(file) {
  return pathToFileURL(path.join(root, file)).href;
}
