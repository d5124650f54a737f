import type { TanistClient } from '../../../client/index.ts';
import { type HandOverRecord, judgedUntilMs } from '../../../failover/before-death/judge-hand-over.ts';
import { handOverPrefixText, recordOf } from '../../../node/before-death/records.ts';
import { figure } from '../../terminal/figure.ts';
import type { Output } from '../../terminal/output.ts';

/** The hand-overs before death that the cluster remembers, oldest first. */
export async function handOversOf(
  client: TanistClient,
  call: { readonly deadlineMs: number },
): Promise<readonly HandOverRecord[]> {
  const view = client.inSpace('system');
  const options = { prefix: true, consistency: 'serializable', ...call } as const;
  const { values } = await view.get(handOverPrefixText, options);
  return values.flatMap(({ value }) => recordOf(Buffer.from(value).toString('utf8')) ?? []);
}

/** `timeMs`: cluster time. */
export function sayHandOvers(out: Output, records: readonly HandOverRecord[], timeMs: number): void {
  if (records.length === 0) return;
  out.say(`\n${out.style.bold('handed over before death')}`);
  out.table(
    ['   ago', 'from', 'to', 'because of', 'verdict', 'why'],
    records.map((record) => [
      `   ${figure(Math.round((timeMs - record.atMs) / 1000))} s`,
      record.from,
      record.to,
      reasonOf(record),
      record.verdict,
      record.verdict === 'open'
        ? `known in ${figure(Math.max(0, Math.ceil((judgedUntilMs(record) - timeMs) / 1000)))} s at the latest`
        : record.why,
    ]),
  );
}

/** `memory 0.71, limit 0.90 in 12 s (99 %)`. */
function reasonOf({ signal, now, limit, inMs, confidence }: HandOverRecord): string {
  const unit = signal === 'sync' || signal === 'loop' ? ' ms' : '';
  const when = inMs === 0 ? 'reached' : `in ${figure(Math.round(inMs / 1000))} s`;
  const sure = `${Math.floor(confidence * 100)} %`;
  return `${signal} ${figure(now)}${unit}, limit ${figure(limit)}${unit} ${when} (${sure})`;
}
