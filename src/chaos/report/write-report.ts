import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChaosDocument } from '../run/result.ts';
import { reportPage } from './page.ts';

export interface WrittenReport {
  readonly html: string;
  readonly json: string;
}

/** Writes `report.html` and `report.json` into the folder; whoever opens them meanwhile has the former ones, whole. */
export async function writeReport(folder: string, document: ChaosDocument): Promise<WrittenReport> {
  const written = { html: join(folder, 'report.html'), json: join(folder, 'report.json') };
  await replaced(written.json, `${JSON.stringify(document)}\n`);
  await replaced(written.html, reportPage([document]));
  return written;
}

async function replaced(file: string, text: string): Promise<void> {
  const half = `${file}.part`;
  await writeFile(half, text);
  await rename(half, file);
}
