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
 * Finds the number that `tokens` lead to, in a JSON text whose characters are the bytes of its UTF-8 form. Reads no further than it must, so what
 * stands behind the number is not looked at. Null: the text is no JSON as far as it was read, or there is no number at that place.
 */
export function findNumber(text: string, tokens: readonly string[]): Span | null {
  try {
    return find(text, space(text, 0), tokens, 0);
  } catch (error) {
    if (error instanceof NoJson) return null;
    throw error;
  }
}

class NoJson extends Error {}

function find(text: string, at: number, tokens: readonly string[], depth: number): Span | null {
  const token = tokens[depth];
  if (token === undefined) {
    const to = match(numberAt, text, at);
    return to === null ? null : { from: at, to };
  }
  const opening = text[at];
  if (opening !== '{' && opening !== '[') return null;
  const closing = opening === '{' ? '}' : ']';
  let cursor = space(text, at + 1);
  if (text[cursor] === closing) return null;
  for (let index = 0; ; index++) {
    let isIt: boolean;
    if (opening === '{') {
      const end = expect(match(stringAt, text, cursor));
      isIt = nameOf(text.slice(cursor, end)) === token;
      cursor = space(text, end);
      if (text[cursor] !== ':') throw new NoJson();
      cursor = space(text, cursor + 1);
    } else isIt = String(index) === token;
    if (isIt) return find(text, cursor, tokens, depth + 1);
    cursor = space(text, skip(text, cursor, 0));
    if (text[cursor] === closing) return null;
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
