import { findNumber, type Span } from './json-scan.ts';

/**
 * Numbers in values and back. A value is a string whose characters are its bytes. A number keeps its form: it is written with as many decimals as
 * its series has shown, and everything around it stays byte for byte as it was.
 */

/** A whole value that is a number, with space around it at most. Longer ones are none that a double could hold. */
const plainNumber = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*$/;
const longestNumber = 64;
const mostDecimals = 12;

/** Where the number is; no tokens: the value itself. Null: there is none. */
export function numberSpan(value: string, tokens: readonly string[]): Span | null {
  if (tokens.length > 0) return findNumber(value, tokens);
  if (value.length > longestNumber) return null;
  const found = plainNumber.exec(value)?.[1];
  if (found === undefined) return null;
  const from = value.indexOf(found);
  return { from, to: from + found.length };
}

/** NaN where there is no number, or none that is finite. */
export function numberIn(value: string, span: Span | null): number {
  if (span === null) return Number.NaN;
  const number = Number(value.slice(span.from, span.to));
  return Number.isFinite(number) ? number : Number.NaN;
}

/** Digits behind the point of a number as it is written; an exponent counts as many. */
export function decimalsOf(value: string, { from, to }: Span): number {
  for (let at = from; at < to; at++) {
    const character = value[at];
    if (character === 'e' || character === 'E') return mostDecimals;
    if (character === '.')
      return exponentBehind(value, at, to) ? mostDecimals : Math.min(mostDecimals, to - at - 1);
  }
  return 0;
}

function exponentBehind(value: string, from: number, to: number): boolean {
  return /[eE]/.test(value.slice(from, to));
}

/** `number` with at most so many decimals, as both JSON and people read it. */
export function numberText(number: number, decimals: number): string {
  // Beyond 10^21 toFixed goes over to exponents by itself; both are numbers to JSON.
  const text = number.toFixed(decimals);
  return decimals === 0 || !text.includes('.') ? text.replace(/^-0$/, '0') : String(Number(text));
}

/** The value with each span's number replaced; spans are disjoint and may come in any order. */
export function withNumbers(
  value: string,
  replacements: readonly { readonly span: Span; readonly text: string }[],
): string {
  const inOrder =
    replacements.length < 2 ? replacements : [...replacements].sort((a, b) => a.span.from - b.span.from);
  let result = '';
  let at = 0;
  for (const { span, text } of inOrder) {
    result += value.slice(at, span.from) + text;
    at = span.to;
  }
  return result + value.slice(at);
}
