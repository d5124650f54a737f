/** One line of JSON: 64-bit ids as text, infinities and NaN as null, bytes as UTF-8 text where they are text, else base64. */
export function jsonLine(document: unknown): string {
  return JSON.stringify(document, (_key, value: unknown) => {
    if (typeof value === 'bigint') return value.toString(16).padStart(16, '0');
    if (value instanceof Map) return Object.fromEntries(value);
    if (value instanceof Uint8Array) return printable(value);
    return value;
  });
}

/** UTF-8 text as it is; other bytes as `base64:…`, so that nothing is lost. */
export function printable(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8');
  const exact = Buffer.from(text, 'utf8').equals(bytes);
  return exact ? text : `base64:${Buffer.from(bytes).toString('base64')}`;
}
