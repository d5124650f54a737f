import { readFile } from 'node:fs/promises';
import { TanistError } from '../../foundation/errors.ts';
import type { ChaosDocument } from '../run/result.ts';

/** A JSON file that the harness wrote. Errors: `invalid-argument` with one line, of a file that is something else. */
export async function readDocument(file: string): Promise<ChaosDocument> {
  const fail = (what: string): never => {
    throw new TanistError('invalid-argument', `${file}: ${what}`);
  };
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) =>
    fail(`cannot be read (${error.code ?? error.message})`),
  );
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return fail('is no JSON');
  }
  return isDocument(content) ? content : fail('is no report of "tanist chaos" (its report.json is wanted)');
}

/** The format's name vouches for the rest: it is changed whenever that is. */
function isDocument(content: unknown): content is ChaosDocument {
  return (
    typeof content === 'object' &&
    content !== null &&
    'format' in content &&
    content.format === 'tanist-chaos-1' &&
    'scenarios' in content &&
    Array.isArray(content.scenarios)
  );
}
