import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MissingToolError } from '../../../src/lab/external/errors.ts';
import { providePythonPackages, providePythonTool } from '../../../src/lab/external/python-tool.ts';

const TOOL = { command: 'checker', requirement: 'checker[all]==1.2.3' };

let folder: string;
let bin: string;
let cache: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'smoother python tool '));
  [bin, cache] = [path.join(folder, 'bin'), path.join(folder, 'cache')];
  mkdirSync(bin);
  vi.spyOn(console, 'log').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** A shell script in a folder. */
function script(file: string, body: string): string {
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
}

describe.skipIf(process.platform === 'win32')('a program of the Python world', () => {
  test('is taken as installed', () => {
    const installed = script(path.join(bin, 'checker'), 'exit 0');
    expect(providePythonTool(TOOL, bin, cache)).toBe(installed);
  });

  test('is installed once, in the version asked for, into an environment of its own', () => {
    const asked = path.join(folder, 'asked');
    // Stands for Python: makes an environment whose own Python stands for pip.
    script(
      path.join(bin, 'python3'),
      `/bin/mkdir -p "$3/bin"\nprintf '#!/bin/sh\\necho "$@" >>"${asked}"\\n' >"$3/bin/python"\n` +
        `cp_program="$3/bin/checker"\necho '#!/bin/sh' >"$cp_program"\n/bin/chmod +x "$3/bin/python" "$cp_program"`,
    );
    const program = providePythonTool(TOOL, bin, cache);
    expect(program).toBe(path.join(cache, 'checker-all-1.2.3', 'bin', 'checker'));
    expect(providePythonTool(TOOL, bin, cache)).toBe(program);
    expect(readFileSync(asked, 'utf8')).toBe('-m pip install --quiet checker[all]==1.2.3\n');
  });

  test('that cannot be had is missing, with what would help', () => {
    expect(() => providePythonTool(TOOL, bin, cache)).toThrow(
      new MissingToolError(
        'checker',
        "neither checker nor Python was found; install Python 3, or put checker on the PATH (pip install 'checker[all]==1.2.3')",
      ),
    );
    script(path.join(bin, 'python3'), 'echo no module named venv >&2; exit 1');
    expect(() => providePythonTool(TOOL, bin, cache)).toThrow(
      /^checker: .* -m venv .* failed:\nno module named venv$/,
    );
  });

  test('may be packages of a requirements file, which are installed once for each content of it', () => {
    const asked = path.join(folder, 'asked');
    script(
      path.join(bin, 'python3'),
      `/bin/mkdir -p "$3/bin"\nprintf '#!/bin/sh\\necho "$@" >>"${asked}"\\n' >"$3/bin/python"\n/bin/chmod +x "$3/bin/python"`,
    );
    const requirements = path.join(folder, 'requirements.txt');
    writeFileSync(requirements, 'one==1\n');
    const first = providePythonPackages('clients', requirements, bin, cache);
    expect(providePythonPackages('clients', requirements, bin, cache)).toBe(first);
    writeFileSync(requirements, 'one==2\n');
    expect(providePythonPackages('clients', requirements, bin, cache)).not.toBe(first);
    const line = `-m pip install --quiet --requirement ${requirements}\n`;
    expect(readFileSync(asked, 'utf8')).toBe(line + line);
  });
});
