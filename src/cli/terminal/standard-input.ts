import { UsageError } from './usage-error.ts';

/**
 * A value as the command line gives it: as it is, or the standard input where it is left out or `-`. Nothing there is taken for a mistake, such as
 * a closed input; an empty value is written `''`.
 */
export async function valueOrInput(
  value: string | undefined,
  input: AsyncIterable<unknown> & { readonly isTTY?: boolean },
  say: (hint: string) => void,
): Promise<string | Uint8Array> {
  if (value !== undefined && value !== '-') return value;
  if (input.isTTY === true) say('the value, from here (Ctrl-D ends it):');
  const parts: Uint8Array[] = [];
  for await (const part of input) parts.push(part as Uint8Array);
  const bytes = Buffer.concat(parts);
  if (bytes.length > 0) return bytes;
  throw new UsageError(
    "the standard input is empty: name the value, pipe it in, or write '' for an empty one",
  );
}
