import { pack, unpack } from 'msgpackr';
import { TanistError } from '../../foundation/errors.ts';
import { type LeaseId, leaseId, nodeId, sessionId } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { ImageRecord } from '../../ports/image-store.ts';
import type { CommandResult } from '../../ports/result.ts';
import type { Alarms } from '../alarms.ts';
import type { Leases } from '../leases.ts';
import type { Members } from '../members.ts';
import { decodeResult, encodeResult } from '../sessions/result-codec.ts';
import { resultsPerRecord, Session } from '../sessions/session.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Slices } from '../slices.ts';

/*
 * Records beside the deltas:
 *   lease/<id>               [ttlMs, deadlineMs]
 *   session/<id>             [nonce, ttlMs, deadlineMs, acknowledgedThrough, highest]
 *   session/<id>/<n>         results of numbers 256 n … 256 n + 255, null where there is none
 *   alarm/<kind>/<member>    nothing
 *   member/<id>              its facts, JSON; nothing where it was removed
 * Results are in pieces so that a batch writes only those that are new.
 */

/** What the state knows beside its keys. */
export interface Books {
  readonly leases: Leases;
  readonly sessions: Sessions;
  readonly alarms: Alarms;
  readonly members: Members;
}

const nothing = new Uint8Array(0);
/** Restored in one go; a piece holds up to 256 results. */
const recordsPerSlice = 1024;
const piecesPerSlice = 16;

export function dirtyRecords({ leases, sessions, alarms, members }: Books): ImageRecord[] {
  const records: ImageRecord[] = [];
  for (const { key, on } of alarms.takeDirty())
    records.push({ key: `alarm/${key}`, value: on ? nothing : null });
  for (const { id, value } of members.takeDirty()) records.push({ key: `member/${id}`, value });
  for (const id of leases.takeDirty()) records.push(recordOfLease(leases, id));
  for (const session of sessions.takeDirty()) recordsOfSession(session, records);
  return records;
}

function recordOfLease(leases: Leases, id: LeaseId): ImageRecord {
  const lease = leases.get(id);
  return {
    key: `lease/${id}`,
    value: lease === undefined ? null : pack([lease.ttlMs, lease.deadlineMs]),
  };
}

function recordsOfSession(session: Session, records: ImageRecord[]): void {
  const key = `session/${session.id}`;
  if (session.ended) {
    records.push({ key, value: null });
    for (const record of session.storedRecords()) records.push({ key: `${key}/${record}`, value: null });
    return;
  }
  const { nonce, ttlMs, deadlineMs, acknowledgedThrough, highest } = session;
  records.push({ key, value: pack([nonce, ttlMs, deadlineMs, acknowledgedThrough, highest]) });
  const { write, remove } = session.takeRecords();
  for (const record of remove) records.push({ key: `${key}/${record}`, value: null });
  if (mutant.active === 'drop-session-results') return;
  for (const record of write) {
    const results = session.resultsOfRecord(record);
    records.push({
      key: `${key}/${record}`,
      value: pack(results.map((result) => (result === undefined ? null : encodeResult(result)))),
    });
  }
}

/** Fills empty books from a loaded image. Fails with `data-damaged`. */
export function* restoreRecords(
  records: readonly ImageRecord[],
  { leases, sessions, alarms, members }: Books,
): Slices<undefined> {
  const opened = new Map<string, { readonly session: Session; readonly highest: number }>();
  const pieces: { readonly session: string; readonly piece: number; readonly value: Uint8Array }[] = [];
  let seen = 0;
  for (const { key, value } of records) {
    if (++seen % recordsPerSlice === 0) yield;
    if (value === null) continue;
    const [kind, id, piece] = key.split('/');
    if (kind === 'lease' && id !== undefined) {
      const [ttlMs, deadlineMs] = unpack(value) as [number, number];
      leases.restore(leaseId(BigInt(id)), ttlMs, deadlineMs);
    } else if (kind === 'session' && id !== undefined && piece === undefined) {
      const [nonce, ttlMs, deadlineMs, acknowledged, highest] = unpack(value) as [
        string,
        number,
        number,
        number,
        number,
      ];
      const session = new Session(sessionId(Number(id)), nonce, ttlMs, deadlineMs);
      session.acknowledge(acknowledged);
      opened.set(id, { session, highest });
    } else if (kind === 'session' && id !== undefined)
      pieces.push({ session: id, piece: Number(piece), value });
    else if (kind === 'member' && id !== undefined) members.restore(nodeId(id), value);
    else if (kind === 'alarm' && alarms.restore(key.slice('alarm/'.length))) continue;
    else throw new TanistError('data-damaged', `the state image has an unknown record "${key}"`);
  }
  for (const { session, piece, value } of pieces) {
    if (++seen % piecesPerSlice === 0) yield;
    const target = opened.get(session)?.session;
    if (target === undefined)
      throw new TanistError(
        'data-damaged',
        `the state image has results of session ${session}, which it lacks`,
      );
    (unpack(value) as unknown[]).forEach((encoded, i) => {
      const number = piece * resultsPerRecord + i;
      if (encoded !== null && number > target.acknowledgedThrough)
        target.keep(number, decodeResult(encoded) as CommandResult);
    });
  }
  for (const { session, highest } of opened.values()) {
    session.restored(highest);
    sessions.add(session);
  }
  sessions.takeDirty();
}
