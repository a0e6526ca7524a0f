/**
 * `node scripts/run.mjs COMMAND [arguments]`: runs src/cli/COMMAND.ts (or, for `test`, all checks) on a fresh clone too:
 * plain JavaScript without dependencies, it installs what is missing first.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { isInstalled, isSupported, MINIMUM_NODE } from './bootstrap.mjs';

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..');
const [command = '', ...args] = process.argv.slice(2);
const script = path.join(root, command === 'test' ? 'scripts/checks.ts' : `src/cli/commands/${command}.ts`);

/** The SDK's advance notice about Node 20 is no news to a user of this command. */
const ENVIRONMENT = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };

if (!isSupported(process.versions.node)) {
  fail(`Node ${MINIMUM_NODE.join('.')} or newer is needed, this is ${process.versions.node}.`);
} else if (!existsSync(script)) {
  fail(`There is no command ${JSON.stringify(command)}.`);
} else {
  process.exitCode = await run();
}

async function run() {
  if (!isInstalled(root)) {
    console.log('Installing dependencies ...');
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    const code = await child(npm, ['ci', '--no-progress'], { shell: process.platform === 'win32' });
    if (code !== 0) return code;
  }
  const loader = pathToFileURL(path.join(root, 'node_modules/tsx/dist/loader.mjs')).href;
  return child(process.execPath, ['--import', loader, script, ...args]);
}

/** Resolves with the exit code. A Ctrl-C reaches the child by itself; a termination request is passed on. */
function child(file, parameters, options = {}) {
  return new Promise((resolve, reject) => {
    const running = spawn(file, parameters, { cwd: root, stdio: 'inherit', env: ENVIRONMENT, ...options });
    const ignore = () => {};
    const terminate = () => running.kill('SIGTERM');
    process.on('SIGINT', ignore);
    process.on('SIGTERM', terminate);
    running.once('error', reject);
    running.once('exit', (code) => {
      process.off('SIGINT', ignore);
      process.off('SIGTERM', terminate);
      resolve(code ?? 1);
    });
  });
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
