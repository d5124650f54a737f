import { readFile } from 'node:fs/promises';
import { TanistError } from '../../foundation/errors.ts';
import { checkHistory, type HistoryVerdict } from '../../verification/import/check-history.ts';
import { figure } from '../terminal/figure.ts';
import { outputTo } from '../terminal/output.ts';
import type { ChaosCheckOptions } from './options.ts';

/** `chaos check`: a history of another tool, judged by the same checkers. Fails when it is not what the model allows. */
export async function checkFile(file: string, options: ChaosCheckOptions): Promise<void> {
  const out = outputTo(options.json === true);
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new TanistError('invalid-argument', `${file}: cannot be read (${cause.code ?? cause.message})`, {
      cause,
    });
  });
  const startedMs = performance.now();
  const untilMs = startedMs + options.seconds * 1000;
  const verdict = checkHistory(text, {
    format: options.format,
    model: options.model,
    ...(options.initial === undefined ? {} : { initial: options.initial }),
    ...(options.total === undefined ? {} : { total: options.total }),
    negativeBalances: options.negativeBalances === true,
    realtime: options.realtime,
    shouldStop: () => performance.now() > untilMs,
  });
  const seconds = (performance.now() - startedMs) / 1000;
  const { answer, format, model, operations, indeterminate, detail, violations, counterexample } = verdict;
  const paint = answer === 'yes' ? out.style.green : answer === 'no' ? out.style.red : out.style.yellow;
  out.say(
    `${paint(answer)}: ${detail}\n${figure(operations)} operations (${figure(indeterminate)} of unknown outcome), ${format}, ${model}, ${figure(seconds)} s`,
  );
  for (const violation of violations.slice(0, 20))
    out.say(`${out.style.red(violation.check)}: ${violation.detail}`);
  if (counterexample !== null) {
    out.say(`\n${counterexample.title}`);
    out.table(
      ['caller', 'from', 'to', 'operation', ''],
      counterexample.operations.map(({ caller, fromMs, toMs, text: words, wrong }) => [
        caller,
        fromMs,
        toMs ?? '–',
        words,
        wrong ? '← contradiction' : '',
      ]),
    );
  }
  const beginning = beginningOf(verdict, options);
  if (beginning !== null) out.say(beginning);
  out.document({ ...verdict, seconds, hint: beginning });
  if (answer === 'unknown') throw new TanistError('unavailable', `${file}: undecided: ${detail}`);
  if (answer === 'no') throw new TanistError('data-damaged', `${file}: ${detail}`);
}

/** Where reads come before any write a register may have begun with a value that nobody told us; null: that is not it. */
function beginningOf(
  { answer, model, counterexample }: HistoryVerdict,
  { initial }: ChaosCheckOptions,
): string | null {
  if (answer !== 'no' || model !== 'register' || initial !== undefined || counterexample === null)
    return null;
  if (counterexample.operations.length > 1) return null;
  return 'nobody wrote what the one answer shows: if registers began with a value, say which (--initial VALUE)';
}
