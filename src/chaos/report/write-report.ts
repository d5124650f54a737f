import { join } from 'node:path';
import { TanistError } from '../../foundation/errors.ts';
import type { ChaosDocument } from '../run/result.ts';
import { reportPage } from './page.ts';
import { replaceFile } from './replace-file.ts';

export interface WrittenReport {
  readonly html: string;
  readonly json: string;
}

/**
 * Writes `report.html` and `report.json` into the folder; whoever opens them meanwhile has the former ones, whole. Errors: `data-not-writable`, with what to do.
 */
export async function writeReport(folder: string, document: ChaosDocument): Promise<WrittenReport> {
  const written = { html: join(folder, 'report.html'), json: join(folder, 'report.json') };
  await replaceFile(written.json, `${textOf(document, written.json)}\n`);
  await replaceFile(written.html, reportPage([document]));
  return written;
}

function textOf(document: ChaosDocument, file: string): string {
  try {
    return JSON.stringify(document);
  } catch (cause) {
    // Longer than a string may be.
    if (!(cause instanceof RangeError)) throw cause;
    throw new TanistError('data-not-writable', `${file}: there is more to it than one file can hold`, {
      cause,
    });
  }
}
