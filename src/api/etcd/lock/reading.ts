import { type ByteString, emptyBytes, prefixEnd } from '../../../foundation/bytes.ts';
import { type Revision, revision } from '../../../foundation/ids.ts';
import type { RangeRequest } from '../../../ports/command.ts';
import type { KeyValue } from '../../../ports/delta.ts';
import type { RangeResult } from '../../../ports/result.ts';
import { EtcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';

export interface Found {
  readonly revision: Revision;
  readonly value: KeyValue | null;
}

/** One key. */
export function keyRange(key: ByteString): RangeRequest {
  return rangeOf(key, emptyBytes, 'ascend', 0);
}

/** Of the keys with the prefix the one that was created first. */
export function firstCreated(prefix: ByteString): RangeRequest {
  return rangeOf(prefix, prefixEnd(prefix), 'ascend', 0);
}

/** Of those created at `atMost` or before, the last one. */
export function lastCreated(prefix: ByteString, atMost: number): RangeRequest {
  return rangeOf(prefix, prefixEnd(prefix), 'descend', atMost);
}

/** Linearizable. */
export function find(face: EtcdFace, request: RangeRequest): Promise<Found> {
  return new Promise((resolve, reject) => {
    face.read(request, false, (outcome) => {
      if (outcome instanceof EtcdError) reject(outcome);
      else resolve(foundIn(outcome));
    });
  });
}

export function foundIn(result: RangeResult): Found {
  return { revision: result.revision, value: result.values[0] ?? null };
}

function rangeOf(
  key: ByteString,
  rangeEnd: ByteString,
  order: 'ascend' | 'descend',
  maxCreateRevision: number,
): RangeRequest {
  const none = revision(0);
  return {
    kind: 'range',
    space: 'user',
    key,
    rangeEnd,
    limit: 1,
    revision: none,
    order,
    target: 'create',
    keysOnly: false,
    countOnly: false,
    minModRevision: none,
    maxModRevision: none,
    minCreateRevision: none,
    maxCreateRevision: revision(maxCreateRevision),
  };
}
