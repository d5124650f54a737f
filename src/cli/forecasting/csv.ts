/** Fields of each line of a CSV text (RFC 4180: quotes, doubled quotes, line ends within quotes); the separator is what the first line uses. */
export function csvRows(text: string): readonly (readonly string[])[] {
  const content = text.startsWith('\ufeff') ? text.slice(1) : text;
  const separator = separatorOf(content.slice(0, content.search(/\r|\n|$/)));
  const rows: string[][] = [];
  let row: string[] = [];
  let i = 0;
  while (i < content.length) {
    const { field, end } = content[i] === '"' ? quoted(content, i) : plain(content, i, separator);
    row.push(field);
    i = end;
    if (content[i] === separator) {
      i++;
      if (i === content.length) row.push('');
      continue;
    }
    if (content[i] === '\r' && content[i + 1] === '\n') i++;
    i++;
    rows.push(row);
    row = [];
  }
  if (row.length > 0) rows.push(row);
  return rows;
}

function separatorOf(line: string): string {
  const counts = [',', ';', '\t'].map((separator) => ({ separator, count: line.split(separator).length }));
  return counts.reduce((best, one) => (one.count > best.count ? one : best)).separator;
}

function plain(
  text: string,
  start: number,
  separator: string,
): { readonly field: string; readonly end: number } {
  let end = start;
  while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end++;
  return { field: text.slice(start, end).trim(), end };
}

function quoted(text: string, start: number): { readonly field: string; readonly end: number } {
  let field = '';
  let i = start + 1;
  for (;;) {
    const quote = text.indexOf('"', i);
    if (quote < 0) return { field: field + text.slice(i), end: text.length };
    field += text.slice(i, quote);
    if (text[quote + 1] !== '"') return { field, end: quote + 1 };
    field += '"';
    i = quote + 2;
  }
}
