/** An option outside its range; the message names option, range and value. */
export class SimulatorOptionError extends Error {
  override readonly name = 'SimulatorOptionError';

  constructor(
    readonly option: string,
    expected: string,
    readonly value: unknown,
  ) {
    super(`${option} must be ${expected}, got ${JSON.stringify(value)}`);
  }
}
