import { InvalidArgumentError } from 'commander';
import { isEndpoint } from '../../client/endpoint-list.ts';

/** A parser for commander: a whole number within bounds. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(
      most === Number.MAX_SAFE_INTEGER
        ? `It must be a whole number of at least ${least}.`
        : `It must be a whole number from ${least} to ${most}.`,
    );
  };
}

export function positiveNumber(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
}

/** 0 to 1. */
export function fraction(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('It must be a number from 0 to 1.');
}

/** A share strictly between 0 and 1. */
export function share(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value > 0 && value < 1) return value;
  throw new InvalidArgumentError('It must be a number between 0 and 1, such as 0.9.');
}

/** `0.1,0.5`, at most 32. */
export function shareList(text: string): readonly number[] {
  const all = text.split(',').map(share);
  if (all.length <= 32 && new Set(all).size === all.length) return all;
  throw new InvalidArgumentError('It must be up to 32 different numbers between 0 and 1.');
}

/** `a,b`. */
export function nameList(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `30s`, `500ms`, `5m`, `1h`, or milliseconds without a unit; in ms. */
export function durationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  const value = Number(match?.[1]) * (unitMs[match?.[2] ?? 'ms'] ?? Number.NaN);
  if (match !== null && Number.isFinite(value) && value >= 1) return Math.round(value);
  throw new InvalidArgumentError('It must be a duration such as 500ms, 30s, 5m or 1h.');
}

/** One of these words. */
export function oneOf<Word extends string>(words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const word = words.find((each) => each === text);
    if (word === undefined) throw new InvalidArgumentError(`It must be one of ${words.join(', ')}.`);
    return word;
  };
}

/** A lease: hexadecimal as it is printed here and by etcdctl, with or without `0x`; decimal only behind `dec:`, since most decimals are hexadecimal, too. */
export function leaseNumber(text: string): bigint {
  const decimal = /^dec:(-?\d{1,19})$/i.exec(text)?.[1];
  if (decimal !== undefined && BigInt.asIntN(64, BigInt(decimal)) === BigInt(decimal))
    return BigInt.asUintN(64, BigInt(decimal));
  const digits = text.replace(/^0x/i, '');
  if (/^[0-9a-fA-F]{1,16}$/.test(digits)) return BigInt(`0x${digits}`);
  throw new InvalidArgumentError(
    'It must be a lease id: up to 16 hexadecimal digits, or dec: and a decimal number.',
  );
}

export { leaseText } from '../../foundation/ids.ts';

/** `1..1000` or one number. */
export function seedRange(text: string): { readonly from: number; readonly to: number } {
  const match = /^(\d+)(?:\.\.(\d+))?$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (match !== null && Number.isSafeInteger(to) && from <= to) return { from, to };
  throw new InvalidArgumentError('It must be a range such as 1..1000.');
}

/** `host:port,host:port`. */
export function endpointList(text: string): readonly string[] {
  const list = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const wrong = list.find((part) => !isEndpoint(part));
  if (list.length > 0 && wrong === undefined) return list;
  throw new InvalidArgumentError(
    `It must be host:port,host:port,…${wrong === undefined ? '' : ` and "${wrong}" is not`}.`,
  );
}

/** `name=value`, repeated: all of them together. */
export function labelsWith(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const [, name, value] = /^([^=\s]+)=(\S+)$/.exec(text.trim()) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError('It must be name=value such as zone=a.');
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`"${name}" is given twice.`);
  return { ...before, [name]: value };
}

const sizeUnits: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** `500MB`, `10GiB`, or bytes without a unit. */
export function byteSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]*)$/.exec(text);
  const value = Number(match?.[1]) * (sizeUnits[match?.[2] ?? ''] ?? Number.NaN);
  if (Number.isFinite(value)) return Math.round(value);
  throw new InvalidArgumentError('It must be a size such as 500MB, 10GB or 1GiB.');
}

/** `host:port`, the port may be 0. */
export function listenAddress(text: string): { readonly host: string; readonly port: number } {
  const [, host, port] = /^(\[[0-9a-fA-F:.]+\]|[^:\s/]+):(\d{1,5})$/.exec(text.trim()) ?? [];
  if (host !== undefined && Number(port) <= 65_535)
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  throw new InvalidArgumentError('It must be host:port.');
}
