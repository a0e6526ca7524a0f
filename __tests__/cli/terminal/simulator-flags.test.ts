import { describe, expect, it } from 'vitest';
import { simulatorOptions } from '../../../src/cli/terminal/simulator-flags.ts';

describe('flags of the simulator', () => {
  it('become options', () => {
    const line =
      '--port 4570 --rpm 600 --tpm 100000 --enforcement sliding-window --seed 1 --faults throttling=0.1,model-error=0.2';
    expect(simulatorOptions(line.split(' '))).toMatchObject({
      port: 4570,
      requestsPerMinute: 600,
      tokensPerMinute: 100_000,
      enforcement: 'sliding-window',
      seed: 1,
      faults: { throttling: 0.1, 'model-error': 0.2 },
    });
  });

  it.each([
    ['--rpm 0', '--rpm must be a whole number from 1 to 1000000000000, got "0"'],
    ['--port 1.5', '--port must be a whole number from 0 to 65535, got "1.5"'],
    ['--seed x', '--seed must be a whole number from 0 to 9007199254740991, got "x"'],
    [
      '--enforcement leaky',
      '--enforcement must be one of token-bucket, sliding-window, fixed-window, got "leaky"',
    ],
    ['--rpm', '--rpm needs a value'],
    ['--rpm 1 --rpm 2', '--rpm is given twice'],
    ['--quota 5', '--quota is not understood; the flags are --host, --port'],
    ['fast', 'is not understood; the flags are --host'],
    ['--faults fire=1', '--faults must be a list of KIND=RATE'],
    ['--faults throttling=2', '--faults throttling must be a number from 0 to 1, got "2"'],
  ])('%s is refused', (line, message) => {
    expect(() => simulatorOptions(line.split(' '))).toThrow(message);
  });
});
