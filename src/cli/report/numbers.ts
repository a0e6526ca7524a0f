/** 950, 1.2k, 34k, 1.5M; small numbers with a decimal. */
export function short(value: number): string {
  if (value < 0) return `-${short(-value)}`;
  const thousands = value / 1e3;
  // A unit ends where its rounded number would have four digits.
  if (Math.round(thousands) >= 1e3) return `${trim(value / 1e6)}M`;
  return Math.round(value) >= 1e3 ? `${trim(thousands)}k` : trim(value);
}

function trim(value: number): string {
  const text = value.toFixed(1);
  return Number(text) >= 10 || Number.isInteger(value) ? String(Math.round(value)) : text;
}

/** `1 lane`, `2 lanes`; a number that is written already counts as more than one unless it is `1`. */
export function counted(count: number | string, one: string, many = `${one}s`): string {
  return `${count} ${String(count) === '1' ? one : many}`;
}

/** What is less than all is never shown as all, nor what is more than nothing as nothing. */
export function percent(share: number, digits = 1): string {
  const text = (share * 100).toFixed(digits);
  const step = 10 ** -digits;
  if (share > 0 && Number(text) === 0) return `< ${step} %`;
  return share < 1 && Number(text) >= 100 ? `> ${100 - step} %` : `${text} %`;
}

/** A wait or a duration: 40 ms, 3.5 s, 34 s, 12 min, 15 h, 9.2 days. What a clock that differs makes negative is nothing. */
export function duration(milliseconds: number): string {
  const atLeast = Math.max(0, milliseconds);
  if (Math.round(atLeast) < 1_000) return `${Math.round(atLeast)} ms`;
  if (Math.round(atLeast / 1_000) < 600) return `${short(atLeast / 1_000)} s`;
  if (Math.round(atLeast / 60_000) < 120) return `${Math.round(atLeast / 60_000)} min`;
  const hours = atLeast / 3_600_000;
  return Math.round(hours) < 48 ? `${short(hours)} h` : `${short(hours / 24)} days`;
}

/** A time of day on the user's clock: 14:03:20. */
export function timeOfDay(epochMs: number): string {
  return new Date(epochMs).toTimeString().slice(0, 8);
}

/** In UTC, to the second: 2026-11-22 19:40:00Z. */
export function moment(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

/** List prices, an estimate and not a bill: $0.0042, $0.25, $12.30, $4.5k. */
export function dollars(amount: number): string {
  if (amount === 0) return '$0';
  if (amount < 1e-6) return '< $0.000001';
  const rounded = Number(amount.toPrecision(2));
  if (rounded < 0.1) return `$${rounded.toFixed(1 - Math.floor(Math.log10(rounded)))}`;
  const text = amount.toFixed(2);
  return `$${Number(text) < 100 ? text : short(amount)}`;
}
