import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  choice,
  inputFile,
  json,
  moment,
  number,
  outputFile,
  url,
  wholeNumber,
} from '../../../src/cli/terminal/options.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'smoother-options-'));
  writeFileSync(path.join(folder, 'there'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The options that a line with one option gives; FOLDER is the folder of these tests. */
function read(...words: string[]): Record<string, unknown> {
  const command = new Command()
    .addOption(wholeNumber('--whole <n>', '', { min: 1, max: 10 }))
    .addOption(number('--number <n>', '', { min: 0, max: 3 }))
    .addOption(choice('--choice <kind>', '', ['hot', 'cold']))
    .addOption(url('--url <url>', ''))
    .addOption(moment('--at <time>', ''))
    .addOption(inputFile('--in <file>', ''))
    .addOption(outputFile('--out <file>', ''))
    .addOption(json());
  return command.parse(words.map(inFolder), { from: 'user' }).opts();
}

function inFolder(word: string): string {
  return word.replace('FOLDER', folder);
}

describe('values of options', () => {
  it.each<[string[], object]>([
    [['--whole', '10'], { whole: 10 }],
    [['--number', '0.5'], { number: 0.5 }],
    [['--choice', 'cold'], { choice: 'cold' }],
    [['--url', 'http://127.0.0.1:5000/'], { url: 'http://127.0.0.1:5000' }],
    [['--json'], { json: true }],
    [['--at', '2028-02-29'], { at: Date.UTC(2028, 1, 29) }],
    [['--at', '2026-12-31T23:30:05'], { at: Date.UTC(2026, 11, 31, 23, 30, 5) }],
    [['--at', '2026-11-01T00:30+02:00'], { at: Date.UTC(2026, 9, 31, 22, 30) }],
  ])('%j', (words, expected) => expect(read(...words)).toEqual(expected));

  it.each([
    ['--in', 'FOLDER/there'],
    ['--out', 'FOLDER/there'],
    ['--out', 'FOLDER/new'],
    ['--json', 'FOLDER/new'],
  ])('%s %s is a file', (option, file) => {
    expect(read(option, file)).toEqual({ [option.slice(2)]: inFolder(file) });
  });

  it.each([
    ['--whole', '0', '--whole must be a whole number from 1 to 10, got "0"'],
    ['--whole', '1.5', 'a whole number from 1 to 10, got "1.5"'],
    ['--whole', '11', 'got "11"'],
    ['--whole', 'x', 'got "x"'],
    ['--whole', '', 'got ""'],
    ['--number', '-0.1', '--number must be a number from 0 to 3, got "-0.1"'],
    ['--choice', 'warm', '--choice must be one of hot, cold, got "warm"'],
    ['--url', 'moto', '--url must be a URL such as http://127.0.0.1:5000, got "moto"'],
    ['--at', '2026-02-30', '--at must be a time such as 2026-11-22 or 2026-11-22T19:40Z, got "2026-02-30"'],
    ['--at', '2026-11-31T10:00Z', 'got "2026-11-31T10:00Z"'],
    ['--at', '2026-02-29T10:00+02:00', 'got "2026-02-29T10:00+02:00"'],
    ['--at', '2026-13-01', 'got "2026-13-01"'],
    ['--at', '2026-11-22T25:00Z', 'got "2026-11-22T25:00Z"'],
    ['--at', '22 November', 'got "22 November"'],
    ['--in', 'FOLDER/none', '--in must be a file that can be read, got "FOLDER/none"'],
    ['--in', 'FOLDER', '--in must be a file that can be read'],
    ['--out', 'FOLDER', '--out must be a file that can be written'],
    ['--out', 'FOLDER/no/file', '--out must be a file that can be written'],
    ['--json', '', '--json must be a file that can be written, got ""'],
  ])('%s %s is refused', (option, value, message) => {
    expect(() => read(option, value)).toThrow(inFolder(message));
  });
});
