/** What must be there before anything else can run, in plain JavaScript that older versions of Node can read. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export const MINIMUM_NODE = [20, 19];

/** @param {string} version such as 20.19.5 */
export function isSupported(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = MINIMUM_NODE;
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

/**
 * Whether node_modules holds what package-lock.json says. npm keeps a list of what it has installed beside the packages.
 * Optional packages (other platforms' binaries) may be absent.
 * @param {string} root the project's folder
 */
export function isInstalled(root) {
  const wanted = packages(path.join(root, 'package-lock.json'));
  const found = packages(path.join(root, 'node_modules/.package-lock.json'));
  if (!wanted || !found) return false;
  const extraneous = Object.keys(found).some((name) => !wanted[name]);
  const missing = Object.entries(wanted).some(([name, entry]) =>
    found[name] ? found[name].version !== entry.version : name !== '' && !entry.optional,
  );
  return !extraneous && !missing;
}

function packages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
