/** Figures as people read them. */

export function inPercent(share: number, digits = 0): string {
  return `${(share * 100).toFixed(digits)} %`;
}

export function inThousands(count: number): string {
  return count.toLocaleString('en-US');
}

export function inSeconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}
