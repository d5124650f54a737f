import { headlineOf } from '../../chaos/report/headline.ts';
import { type WrittenReport, writeReport } from '../../chaos/report/write-report.ts';
import { type ChaosDocument, summaryOf } from '../../chaos/run/result.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { Output } from '../terminal/output.ts';

/**
 * The end of `chaos run` and `chaos soak`: what all of it comes to, said and printed whether or not the report can be written. Errors:
 * `data-damaged` a promise was broken; `unavailable` it was not shown that they were kept; `cancelled`; `data-not-writable` of the report.
 */
export async function conclude(
  out: Output,
  folder: string,
  document: ChaosDocument,
  more: object,
  goOn = '',
): Promise<void> {
  const { answer, title, detail } = headlineOf(document);
  const paint = answer === 'yes' ? out.style.green : answer === 'no' ? out.style.red : out.style.yellow;
  out.say(`\n${paint(title)}\n${detail}`);
  const written = await writeReport(folder, document).catch((error: unknown) => {
    if (error instanceof TanistError) return error;
    throw error;
  });
  const report: WrittenReport | null = written instanceof TanistError ? null : written;
  const where = report === null ? 'the report could not be written' : report.html;
  out.say(written instanceof TanistError ? `no report: ${written.message}` : `report: ${written.html}`);
  const { scenarios, ok, interrupted } = document;
  out.document({
    scenarios: scenarios.map(summaryOf),
    ok,
    interrupted,
    ...more,
    report: report?.html ?? null,
    data: report?.json ?? null,
  });
  if (answer === 'no') throw new TanistError('data-damaged', `${title}; ${where}`);
  if (scenarios.some((result) => !result.ok)) throw new TanistError('unavailable', `${title}; ${where}`);
  if (interrupted)
    throw new TanistError('cancelled', goOn === '' ? `stopped before all was run; ${where}` : goOn);
  if (scenarios.length > 0 && scenarios.every(({ skipped }) => skipped !== undefined))
    throw new TanistError('unavailable', `nothing was run, all was skipped for the reasons above; ${where}`);
  if (!ok) throw new TanistError('unavailable', `${title}; ${where}`);
  if (written instanceof TanistError) throw written;
}
