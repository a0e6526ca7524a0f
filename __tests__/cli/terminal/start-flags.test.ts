import { describe, expect, it } from 'vitest';
import { startOptions } from '../../../src/cli/terminal/start-flags.ts';

describe('flags of npm start', () => {
  it('have defaults', () => {
    expect(startOptions([], 'examples.jsonl')).toMatchObject({
      input: 'examples.jsonl',
      enforcement: 'sliding-window',
      seed: 1,
      varFile: undefined,
    });
  });

  it('override them', () => {
    const line =
      '--input a --rpm 120 --tpm 5000 --enforcement fixed-window --seed 3 --var-file b --results c --summary d --logs e --backend http://127.0.0.1:5000/';
    expect(startOptions(line.split(' '), 'examples.jsonl')).toEqual({
      input: 'a',
      rpm: 120,
      tpm: 5_000,
      enforcement: 'fixed-window',
      seed: 3,
      varFile: 'b',
      results: 'c',
      summary: 'd',
      logs: 'e',
      backend: 'http://127.0.0.1:5000',
    });
  });

  it('are strict', () => {
    expect(() => startOptions(['--rpm', '-5'], '')).toThrow('--rpm');
    expect(() => startOptions(['--backend', 'moto'], '')).toThrow('--backend must be a URL');
    expect(() => startOptions(['--speed', '5'], '')).toThrow('--speed is not understood');
  });
});
