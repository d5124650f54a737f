import { resolve } from 'node:path';
import { readDocument } from '../../chaos/report/document-file.ts';
import { headlineOf } from '../../chaos/report/headline.ts';
import { reportPage } from '../../chaos/report/page.ts';
import { replaceFile } from '../../chaos/report/replace-file.ts';
import { outputTo } from '../terminal/output.ts';
import type { ChaosReportOptions } from './options.ts';

/** `chaos report`: the page of one or more runs that are over, side by side. */
export async function drawReport(files: readonly string[], options: ChaosReportOptions): Promise<void> {
  const out = outputTo(options.json === true);
  const documents = await Promise.all(files.map(readDocument));
  const report = resolve(options.out);
  await replaceFile(report, reportPage(documents));
  const scenarios = documents.flatMap((document) => document.scenarios);
  const { title, detail } = headlineOf({
    scenarios,
    interrupted: documents.some(({ interrupted }) => interrupted),
    host: documents[0]?.host ?? { cores: 1, memoryBytes: 0, system: '', node: '' },
  });
  out.say(`${title}\n${detail}\nreport: ${report}`);
  out.document({ scenarios: scenarios.length, ok: documents.every(({ ok }) => ok), report });
}
