/**
 * What a leader says under this mark, in rows beside those of `peer-view.ts`: each without its mark. None where there is no such row, or the context is of
 * another shape; unless the mark is in it nothing is parsed.
 */
export function markedRows(context: Uint8Array, mark: string): readonly (readonly unknown[])[] {
  const text = Buffer.from(context.buffer, context.byteOffset, context.byteLength);
  if (!text.includes(`"${mark}"`)) return [];
  let rows: unknown;
  try {
    rows = JSON.parse(text.toString());
  } catch {
    return [];
  }
  return (Array.isArray(rows) ? (rows as unknown[]) : []).flatMap((row) => {
    const [kind, ...said] = Array.isArray(row) ? (row as unknown[]) : [];
    return kind === mark ? [said] : [];
  });
}
