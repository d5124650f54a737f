import { readFile } from 'node:fs/promises';
import { TanistError } from '../../foundation/errors.ts';
import { parseSources, type Sources } from '../../mirrors/index.ts';

/** The sources of a file. Fails as `config-invalid`. */
export async function sourcesIn(file: string): Promise<Sources> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    throw new TanistError('config-invalid', `${file} cannot be read`);
  }
  return parseSources(text);
}
