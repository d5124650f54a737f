import type { Violation } from '../../../verification/violation.ts';
import type { Verdict } from '../../traffic.ts';
import type { Connections, MemberHash } from '../connections.ts';
import { onceComparable } from './comparable.ts';
import { verdict } from './verdict.ts';

/** Equal hashes on all members up to one revision. Pure; null: they are not compacted alike, so their hashes say nothing. */
export function compareHashes(hashes: readonly MemberHash[]): readonly Violation[] | null {
  const [first, ...others] = hashes;
  if (first === undefined || others.some(({ compacted }) => compacted !== first.compacted)) return null;
  return others
    .filter(({ hash }) => hash !== first.hash)
    .map(({ id, hash }) => ({
      check: 'digests',
      detail: `${first.id} hashes its keys to ${first.hash}, ${id} to ${hash}`,
    }));
}

/** What `digests` are to the native API: etcd's HashKV, of each member that is a voter, until all have come to the revision. */
export async function checkHashes({ hashes }: Pick<Connections, 'hashes'>, at: number): Promise<Verdict> {
  return await onceComparable(async () => {
    const all = (await hashes(at)) ?? [];
    const violations = compareHashes(all);
    if (violations === null) return null;
    const detail = `hashes of ${all.length} members at revision ${at}`;
    return verdict('digests', detail, violations, { enough: all.length > 1 });
  }, 'the members were not compacted alike');
}
