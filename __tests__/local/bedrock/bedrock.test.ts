import { describe, expect, it } from 'vitest';
import { Bedrock } from '../../../src/local/bedrock/bedrock.ts';
import { SimulatorOptionError } from '../../../src/local/bedrock/errors.ts';
import { resolveModel } from '../../../src/local/bedrock/models.ts';
import { type SimulatorOptions, settingsOf } from '../../../src/local/bedrock/options.ts';

const NOVA = 'amazon.nova-lite-v1:0';
const HAIKU = 'anthropic.claude-3-haiku-20240307-v1:0';
/** The last seconds of one minute, and the first of the next. */
const BEFORE = Date.UTC(2026, 10, 2, 9, 0, 59);
const AFTER = BEFORE + 2_000;

/** A simulator with a quota of one request a minute; whether each of the calls was admitted. */
function admitted(options: SimulatorOptions, calls: readonly [modelId: string, at: number][]): boolean[] {
  const bedrock = new Bedrock(settingsOf({ requestsPerMinute: 1, ...options }));
  return calls.map(([calledAs, at]) => {
    const model = resolveModel(calledAs);
    try {
      bedrock.start(at, { calledAs, model, prompt: { inputTokens: 5, maxTokens: 10 }, content: `${at}` });
      return true;
    } catch (error) {
      expect(error).toMatchObject({ type: 'ThrottlingException' });
      return false;
    }
  });
}

describe('the minute of a quota', () => {
  const calls: [string, number][] = [NOVA, HAIKU].flatMap((id): [string, number][] => [
    [id, BEFORE],
    [id, AFTER],
  ]);

  it('is measured for some models in another way than for the rest', () => {
    expect(admitted({ enforcementByModel: { [NOVA]: 'fixed-window' } }, calls)).toEqual([
      ...[true, true],
      ...[true, false],
    ]);
    expect(
      admitted({ enforcement: 'fixed-window', enforcementByModel: { [HAIKU]: 'sliding-window' } }, calls),
    ).toEqual([true, true, true, false]);
  });

  it('is measured alike for all models where none is named', () => {
    expect(admitted({}, calls)).toEqual([true, false, true, false]);
    expect(admitted({ enforcement: 'fixed-window' }, calls)).toEqual([true, true, true, true]);
  });

  it('is that of the foundation model, by whatever id it is called', () => {
    const profile = `us.${NOVA}`;
    const options: SimulatorOptions = { enforcementByModel: { [NOVA]: 'fixed-window' } };
    expect(
      admitted(options, [
        [profile, BEFORE],
        [profile, AFTER],
      ]),
    ).toEqual([true, true]);
  });

  it('is refused when nobody knows it', () => {
    const options = { enforcementByModel: { [NOVA]: 'leap-minute' } } as unknown as SimulatorOptions;
    expect(() => settingsOf(options)).toThrow(SimulatorOptionError);
  });
});
