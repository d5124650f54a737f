/** From values to places and back to words. All charts are drawn in the same units: `width` wide, time from `left` to `width - right`. */
export const frame = { width: 1000, left: 86, right: 14 } as const;

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export function timeX({ fromMs, toMs }: Span): (atMs: number) => number {
  const inner = frame.width - frame.left - frame.right;
  return (atMs) => {
    const share = (Math.min(toMs, Math.max(fromMs, atMs)) - fromMs) / Math.max(1, toMs - fromMs);
    return place(frame.left + share * inner);
  };
}

/** One decimal is finer than a screen. */
export function place(value: number): number {
  return Math.round(value * 10) / 10;
}

export function linear(
  fromValue: number,
  toValue: number,
  fromPlace: number,
  toPlace: number,
): (value: number) => number {
  const span = toValue - fromValue;
  return (value) =>
    place(
      fromPlace + ((span === 0 ? 0 : value - fromValue) / (span === 0 ? 1 : span)) * (toPlace - fromPlace),
    );
}

export function logarithmic(
  fromValue: number,
  toValue: number,
  fromPlace: number,
  toPlace: number,
): (value: number) => number {
  const scale = linear(Math.log(fromValue), Math.log(toValue), fromPlace, toPlace);
  return (value) => scale(Math.log(Math.min(toValue, Math.max(fromValue, value))));
}

/** About `count` round values that lie within. */
export function ticks(from: number, to: number, count: number): readonly number[] {
  const raw = (to - from) / Math.max(1, count);
  if (!(raw > 0)) return [from];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw) ?? raw;
  const found: number[] = [];
  for (let value = Math.ceil(from / step) * step; value <= to + step * 1e-9; value += step)
    found.push(Number(value.toPrecision(12)));
  return found;
}

/** 1, 10, 100, … that lie within. */
export function decades(from: number, to: number): readonly number[] {
  const found: number[] = [];
  for (let power = Math.ceil(Math.log10(from)); 10 ** power <= to; power++) found.push(10 ** power);
  return found;
}

export function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 1e9) return `${trim(value / 1e9)} G`;
  if (size >= 1e6) return `${trim(value / 1e6)} M`;
  if (size >= 1e4) return `${trim(value / 1e3)} k`;
  return trim(value);
}

export function msText(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return '–';
  if (ms >= 120_000) return `${trim(ms / 60_000)} min`;
  return ms >= 10_000 ? `${trim(ms / 1000)} s` : `${trim(ms)} ms`;
}

export function secondsText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 600) return `${trim(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${trim(minutes / 60)} h`;
}

function trim(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}
