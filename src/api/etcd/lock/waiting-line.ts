import { type ByteString, emptyBytes } from '../../../foundation/bytes.ts';
import { type LeaseId, type Revision, revision } from '../../../foundation/ids.ts';
import type { Operation, PutCommand, TxnCommand } from '../../../ports/command.ts';
import type { OperationResult, TxnResult } from '../../../ports/result.ts';
import { etcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';
import { changes } from './changes.ts';
import { find, firstCreated, foundIn, keyRange, lastCreated } from './reading.ts';
import { type SessionLease, sessionLease } from './session-lease.ts';

/** A key of one's own under the prefix. Whose was created first has the lock, or leads. */
export interface Place {
  readonly key: ByteString;
  readonly createRevision: Revision;
  readonly lease: LeaseId;
  /** What was there before, when the session stood in line already. */
  readonly value: ByteString;
  readonly isNew: boolean;
  /** Of the moment when the place was taken. */
  readonly taken: Revision;
  /** Of the moment when it became the first. */
  readonly reached: Revision;
}

export interface Standing {
  readonly name: ByteString;
  /** None: one is granted. */
  readonly lease: bigint;
  readonly value: ByteString;
  readonly signal: AbortSignal;
  readonly expired: () => Error;
  /** Called before it waits. */
  readonly taken?: (place: Place) => Promise<unknown>;
}

/** As etcd's clients name it: the lease in hexadecimal, a negative one with its sign. */
export function ownKey(prefix: ByteString, lease: LeaseId): ByteString {
  return `${prefix}${BigInt.asIntN(64, lease).toString(16)}` as ByteString;
}

export function prefixOf(name: ByteString): ByteString {
  return `${name}/` as ByteString;
}

/**
 * Gets in line and waits until nobody is ahead. Who gives up meanwhile, or loses the session, leaves nothing behind. Rejects with etcd's
 * errors, or with `expired` when the session's lease ended meanwhile.
 */
export async function standInLine(
  face: EtcdFace,
  { name, lease, value, signal, expired, taken }: Standing,
): Promise<Place> {
  const prefix = prefixOf(name);
  const session = await sessionLease(face, lease);
  const key = ownKey(prefix, session.lease);
  let place: Place | null = null;
  try {
    place = await takePlace(face, prefix, key, session, value);
    throwIfGone(signal);
    await taken?.(place);
    if (place.reached > 0) return place;
    const reached = await waitForTurn(face, prefix, place, signal);
    const own = await find(face, keyRange(key));
    throwIfGone(signal);
    if (own.value?.createRevision !== place.createRevision) throw expired();
    return { ...place, reached };
  } catch (error) {
    if (session.isOwn || leavesSomething(place, signal)) await leave(face, key, session).catch(() => {});
    throw error;
  }
}

/** Who had the first place before the call keeps it, and so does who was refused one. */
function leavesSomething(place: Place | null, signal: AbortSignal): boolean {
  return place === null ? signal.aborted : place.isNew || place.reached === 0;
}

function throwIfGone(signal: AbortSignal): void {
  if (signal.aborted) throw etcdError('watchCanceled');
}

async function takePlace(
  face: EtcdFace,
  prefix: ByteString,
  key: ByteString,
  { lease }: SessionLease,
  value: ByteString,
): Promise<Place> {
  const put: PutCommand = {
    kind: 'put',
    space: 'user',
    key,
    value,
    lease,
    previous: false,
    ignoreValue: false,
    ignoreLease: false,
  };
  const {
    succeeded,
    responses,
    revision: taken,
  } = await ifCreatedAt(face, key, 0, [put, firstCreated(prefix)], [keyRange(key), firstCreated(prefix)]);
  const [mine, first] = responses;
  const present = succeeded ? null : valueIn(mine);
  const createRevision = present?.createRevision ?? taken;
  const isFirst = valueIn(first)?.createRevision === createRevision;
  return {
    key,
    createRevision,
    lease,
    value: present?.value ?? value,
    isNew: succeeded,
    taken,
    reached: isFirst ? taken : revision(0),
  };
}

async function waitForTurn(
  face: EtcdFace,
  prefix: ByteString,
  { createRevision }: Place,
  signal: AbortSignal,
): Promise<Revision> {
  for (;;) {
    const ahead = await find(face, lastCreated(prefix, createRevision - 1));
    if (ahead.value === null || signal.aborted) return ahead.revision;
    const request = {
      space: 'user',
      key: ahead.value.key,
      rangeEnd: emptyBytes,
      fromRevision: revision(ahead.revision + 1),
      previous: false,
    } as const;
    for await (const { delta } of changes(face.node, request, signal)) if (delta.op === 'delete') break;
  }
}

async function leave(face: EtcdFace, key: ByteString, { lease, isOwn }: SessionLease): Promise<void> {
  // Its keys go with it.
  if (isOwn) await face.proposed({ kind: 'leaseRevoke', id: lease });
  else await face.proposed(deletion(key));
}

/** A transaction on whether the key is still (or, 0, not yet) the one created at this revision; a caller may say any number. */
export function ifCreatedAt(
  face: EtcdFace,
  key: ByteString,
  createRevision: number,
  success: readonly Operation[],
  failure: readonly Operation[] = [],
): Promise<TxnResult> {
  // Commands hold no negative numbers; nothing was created at either.
  const number = createRevision < 0 ? Number.MAX_SAFE_INTEGER : createRevision;
  const txn: TxnCommand = {
    kind: 'txn',
    space: 'user',
    compares: [{ key, rangeEnd: emptyBytes, result: 'equal', target: 'create', number }],
    success,
    failure,
  };
  return face.proposed(txn);
}

export function deletion(key: ByteString) {
  return { kind: 'deleteRange', space: 'user', key, rangeEnd: emptyBytes, previous: false } as const;
}

function valueIn(result: OperationResult | undefined) {
  return result?.kind === 'range' ? foundIn(result).value : null;
}
