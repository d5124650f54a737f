/** Where Go's base64 decoder stops in what is no base64: line ends are skipped, padding ends it. */
export function wrongByte(base64: string): number {
  const found = base64.search(/[^A-Za-z0-9+/\r\n]/);
  const end = found < 0 ? base64.length : found;
  const inGroup = base64.slice(0, end).replaceAll(/[\r\n]/g, '').length % 4;
  if (found < 0) return end - inGroup;
  return base64[end] !== '=' || inGroup < 2 ? end : wrongAfterPadding(base64, end, inGroup);
}

function wrongAfterPadding(base64: string, first: number, inGroup: number): number {
  let at = afterLineEnds(base64, first + 1);
  if (inGroup === 2) {
    if (at === base64.length) return at;
    if (base64[at] !== '=') return at - 1;
    at = afterLineEnds(base64, at + 1);
  }
  return at;
}

function afterLineEnds(text: string, from: number): number {
  let at = from;
  while (text[at] === '\n' || text[at] === '\r') at++;
  return at;
}

const escapes: Readonly<Record<string, string>> = {
  "'": "\\'",
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** As encoding/json quotes the byte that it did not expect: of a character beyond ASCII it is the first one. */
export function quotedByte(character: string): string {
  const byte = String.fromCharCode(Buffer.from(character)[0] ?? 0);
  const escaped = escapes[byte];
  if (escaped !== undefined) return `'${escaped}'`;
  if (byte >= ' ' && byte !== '\x7f') return `'${byte}'`;
  return `'\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}'`;
}
