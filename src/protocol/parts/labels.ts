import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** Where a member is, by name: `zone`, `region` … */
export type Labels = Readonly<Record<string, string>>;

/** `map<string, string>`. */
export function writeLabels(writer: WireWriter, field: number, labels: Labels): void {
  for (const [key, label] of Object.entries(labels)) {
    const entry = writer.begin(field);
    writer.text(1, key);
    writer.text(2, label);
    writer.end(entry);
  }
}

/** The entry in hand. */
export function readLabel(reader: WireReader, into: Record<string, string>): void {
  const outer = reader.enter();
  let key = '';
  let label = '';
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) key = reader.text();
    else if (field === 2) label = reader.text();
    else reader.skip();
  }
  reader.leave(outer);
  into[key] = label;
}

export function sameLabels(left: Labels = {}, right: Labels = {}): boolean {
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => left[name] === right[name]);
}
