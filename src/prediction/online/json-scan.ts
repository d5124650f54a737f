/** Where a token stands in its text: from the first character to behind the last one. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** RFC 8259; nothing else counts as a number, not even where JavaScript would take it. */
const numberAt = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const spaceAt = /[ \t\n\r]*/y;
/** Characters of a byte string are bytes: all but controls, the quote and the backslash. */
const stringAt = /"(?:[ !#-[\]-\u00ff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const wordAt = /true|false|null/y;
/** Deeper values are none that anyone forecasts; the scan is recursive. */
const deepest = 64;

/**
 * Finds the number that `tokens` lead to, in a JSON text whose characters are the bytes of its UTF-8 form. Of several members of one name the last counts, as
 * with `JSON.parse`. Null: the text is no JSON as a whole, or there is no number at that place.
 */
export function findNumber(text: string, tokens: readonly string[]): Span | null {
  try {
    const { span, end } = find(text, space(text, 0), tokens, 0);
    return space(text, end) === text.length ? span : null;
  } catch (error) {
    if (error instanceof NoJson) return null;
    throw error;
  }
}

class NoJson extends Error {}

interface Found {
  readonly span: Span | null;
  /** Behind the value that was looked at. */
  readonly end: number;
}

function find(text: string, at: number, tokens: readonly string[], depth: number): Found {
  const token = tokens[depth];
  const opening = text[at];
  const isInner = opening === '{' || opening === '[';
  if (token === undefined || !isInner) {
    const end = skip(text, at, depth);
    const isIt = token === undefined && match(numberAt, text, at) !== null;
    return { span: isIt ? { from: at, to: end } : null, end };
  }
  const closing = opening === '{' ? '}' : ']';
  let span: Span | null = null;
  let cursor = space(text, at + 1);
  if (text[cursor] === closing) return { span, end: cursor + 1 };
  for (let index = 0; ; index++) {
    let isIt: boolean;
    if (opening === '{') {
      const end = expect(match(stringAt, text, cursor));
      isIt = nameOf(text.slice(cursor, end)) === token;
      cursor = space(text, end);
      if (text[cursor] !== ':') throw new NoJson();
      cursor = space(text, cursor + 1);
    } else isIt = String(index) === token;
    if (isIt) {
      const found = find(text, cursor, tokens, depth + 1);
      span = found.span;
      cursor = space(text, found.end);
    } else cursor = space(text, skip(text, cursor, depth + 1));
    if (text[cursor] === closing) return { span, end: cursor + 1 };
    if (text[cursor] !== ',') throw new NoJson();
    cursor = space(text, cursor + 1);
  }
}

/** Behind the value that begins at `at`. */
function skip(text: string, at: number, depth: number): number {
  if (depth > deepest) throw new NoJson();
  const opening = text[at];
  if (opening === '"') return expect(match(stringAt, text, at));
  if (opening !== '{' && opening !== '[') return expect(match(numberAt, text, at) ?? match(wordAt, text, at));
  const closing = opening === '{' ? '}' : ']';
  let cursor = space(text, at + 1);
  if (text[cursor] === closing) return cursor + 1;
  for (;;) {
    if (opening === '{') {
      cursor = space(text, expect(match(stringAt, text, cursor)));
      if (text[cursor] !== ':') throw new NoJson();
      cursor = space(text, cursor + 1);
    }
    cursor = space(text, skip(text, cursor, depth + 1));
    if (text[cursor] === closing) return cursor + 1;
    if (text[cursor] !== ',') throw new NoJson();
    cursor = space(text, cursor + 1);
  }
}

/** The name of a member as text, from its bytes. */
function nameOf(quoted: string): string {
  const raw = quoted.slice(1, -1);
  if (/^[ -[\]-~]*$/.test(raw)) return raw;
  return String(JSON.parse(Buffer.from(quoted, 'latin1').toString('utf8')));
}

function space(text: string, at: number): number {
  return match(spaceAt, text, at) ?? at;
}

/** Where the match at exactly `at` ends. */
function match(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : null;
}

function expect(end: number | null): number {
  if (end === null) throw new NoJson();
  return end;
}
