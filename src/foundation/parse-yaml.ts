import { parse } from 'yaml';
import { asError } from './errors.ts';

/** YAML or JSON that people write. Throws an error whose message is one line: what is wrong, and at which line. */
export function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    // What follows the first line is the place in the file, drawn; its colon points there.
    const problem = (asError(cause).message.split(/:?\n/)[0] ?? '').replace(
      'Source contains multiple documents; please use YAML.parseAllDocuments()',
      'a second document begins (---), but one file holds one',
    );
    throw new Error(`not valid YAML: ${problem}`, { cause });
  }
}
