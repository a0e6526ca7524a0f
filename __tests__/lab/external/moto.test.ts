import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ExternalToolError } from '../../../src/lab/external/errors.ts';
import { startMoto } from '../../../src/lab/external/moto.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'smoother moto '));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A program in moto's place. */
function program(source: string): string {
  const file = path.join(folder, 'moto_server');
  writeFileSync(file, `#!${process.execPath}\n${source}\n`);
  chmodSync(file, 0o755);
  return file;
}

describe.skipIf(process.platform === 'win32')('moto', () => {
  test('is up when it answers, and gone when stopped', async () => {
    const moto = await startMoto(
      program(`
        const [, , host, address, port, number] = process.argv;
        if (host !== '--host' || port !== '--port') process.exit(2);
        require('node:http').createServer((_, response) => response.end('{}')).listen(Number(number), address);
      `),
    );
    expect(moto.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(moto.endpoint)).status).toBe(200);
    await moto.stop();
    await expect(fetch(moto.endpoint)).rejects.toThrow();
  });

  test('that ends by itself is told with what it said', async () => {
    const starting = startMoto(program("console.error('No module named flask'); process.exitCode = 3;"));
    await expect(starting).rejects.toThrow(
      new ExternalToolError('moto_server', 'it ended with 3:\nNo module named flask'),
    );
    await expect(startMoto(path.join(folder, 'nothing'))).rejects.toThrow('ENOENT');
  });
});
