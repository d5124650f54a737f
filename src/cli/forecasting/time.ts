const DATE =
  /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/i;
/** A number from here on is taken as ms since the epoch (1973 as ms, the year 5138 as seconds). */
const MS_FROM = 1e11;

/**
 * A moment in ms since the epoch: ISO 8601 and its common variants (a blank for T, / or . for -, no seconds, no time), without a zone in
 * UTC; or a number, seconds since the epoch or ms. NaN: not readable.
 */
export function timeMs(text: string): number {
  const trimmed = text.trim();
  if (/^-?\d+(\.\d+)?([eE][+]?\d+)?$/.test(trimmed)) {
    const number = Number(trimmed);
    return Math.abs(number) >= MS_FROM ? number : number * 1000;
  }
  const match = DATE.exec(trimmed);
  if (match === null) return Number.NaN;
  const part = (k: number): number => Number(match[k] ?? 0);
  const moment = Date.UTC(part(1), part(2) - 1, part(3), part(4), part(5), part(6)) + fraction(match[7]);
  // Date.UTC takes the 31st of February for the 3rd of March.
  const date = new Date(moment);
  const real = date.getUTCMonth() === part(2) - 1 && date.getUTCDate() === part(3);
  return real && part(4) < 24 && part(5) < 60 && part(6) < 61 ? moment - zoneMs(match[8]) : Number.NaN;
}

function fraction(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(`0.${digits}`) * 1000;
}

function zoneMs(zone: string | undefined): number {
  const match = /^([+-])(\d{2}):?(\d{2})$/.exec(zone ?? '');
  if (match === null) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60_000;
}
