import { TerraformError } from '../terraform/errors.ts';

const RATE = /^rate\((\d+) (minute|hour|day)s?\)$/;
const MINUTES: Record<string, number> = { minute: 1, hour: 60, day: 1440 };

/** The interval of `rate(…)`, or of the cron that means every minute. @throws TerraformError for any other */
export function intervalMinutes(address: string, expression: string): number {
  if (expression === 'cron(* * * * ? *)') return 1;
  const [, count, unit = ''] = RATE.exec(expression) ?? [];
  const minutes = Number(count) * (MINUTES[unit] ?? Number.NaN);
  if (minutes > 0) return minutes;
  throw new TerraformError(address, `the schedule ${expression} is not supported`);
}

/** Runs something at the start, and then at a fixed interval. */
export class Schedule {
  #timer: NodeJS.Timeout | undefined;

  readonly #minutes: number;
  readonly #run: () => void;

  constructor(minutes: number, run: () => void) {
    this.#minutes = minutes;
    this.#run = run;
  }

  start(): void {
    this.#run();
    this.#timer = setInterval(this.#run, this.#minutes * 60_000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
