import { type HandOverRecord, verdicts } from '../../failover/before-death/judge-hand-over.ts';
import { signalNames } from '../../failover/before-death/signals.ts';
import { type ByteString, byteStringOfText, prefixEnd, textOf } from '../../foundation/bytes.ts';
import { noLease } from '../../foundation/ids.ts';
import { type Command, rangeOf } from '../../ports/command.ts';
import type { StateMachine } from '../../state/state-machine.ts';

/** Where the cluster keeps its hand-overs before death, in the space `system`: `hand-over/<cluster time>`, JSON. */
export const handOverPrefixText = 'hand-over/';
export const handOverPrefix = byteStringOfText(handOverPrefixText);
/** Older ones are deleted with the next. */
export const mostRecords = 32;

const timeDigits = 16;

function keyOf({ atMs }: Pick<HandOverRecord, 'atMs'>): ByteString {
  return byteStringOfText(`${handOverPrefixText}${String(atMs).padStart(timeDigits, '0')}`);
}

/** Oldest first. */
export function recordsIn(state: StateMachine): readonly HandOverRecord[] {
  const found = state.range(
    rangeOf('system', handOverPrefix, prefixEnd(handOverPrefix), { order: 'ascend' }),
  );
  if (found.kind !== 'range') return [];
  return found.values.flatMap(({ value }) => recordOf(textOf(value)) ?? []);
}

/** Null: it is none, or another version's. */
export function recordOf(text: string): HandOverRecord | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof parsed !== 'object' || parsed === null) return null;
  const fields: Readonly<Record<string, unknown>> = { ...parsed };
  const signal = signalNames.find((name) => name === fields.signal);
  const verdict = verdicts.find((name) => name === fields.verdict);
  const { from, to, why } = fields;
  const [atMs, now, limit, inMs, confidence] = ['atMs', 'now', 'limit', 'inMs', 'confidence'].map((name) =>
    Number(fields[name]),
  );
  if (signal === undefined || verdict === undefined) return null;
  if (typeof from !== 'string' || typeof to !== 'string' || typeof why !== 'string') return null;
  if (atMs === undefined || now === undefined || limit === undefined) return null;
  if (inMs === undefined || confidence === undefined) return null;
  return { atMs, from, to, signal, now, limit, inMs, confidence, verdict, why };
}

/** Puts the record, new or with another verdict, and lets go of those that are too many. */
export function keepRecord(record: HandOverRecord, present: readonly HandOverRecord[]): Command {
  const put: Command = {
    kind: 'put',
    space: 'system',
    key: keyOf(record),
    value: byteStringOfText(JSON.stringify(record)),
    lease: noLease,
    previous: false,
    ignoreValue: false,
    ignoreLease: false,
  };
  const others = present.filter(({ atMs }) => atMs !== record.atMs);
  const oldestKept = others.at(-(mostRecords - 1));
  if (oldestKept === undefined || others.length < mostRecords) return put;
  return {
    kind: 'txn',
    space: 'system',
    compares: [],
    success: [
      {
        kind: 'deleteRange',
        space: 'system',
        key: handOverPrefix,
        rangeEnd: keyOf(oldestKept),
        previous: false,
      },
      put,
    ],
    failure: [],
  };
}
