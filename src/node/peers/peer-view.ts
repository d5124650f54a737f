import { logIndex, type NodeId, nodeId, term } from '../../foundation/ids.ts';
import type { LogPoint, PeerIdentity } from '../../ports/log-store.ts';

/** What a leader says of one peer. */
export interface PeerView {
  readonly id: NodeId;
  readonly incarnation: string;
  readonly doubted: boolean;
  /** The last committed entry that it is known to have stored. */
  readonly acknowledged: LogPoint;
}

export function encodePeerView(
  known: ReadonlyMap<NodeId, PeerIdentity>,
  doubted: ReadonlySet<NodeId>,
  acknowledged: (peer: NodeId) => LogPoint,
  more: readonly (readonly (string | number | boolean)[])[] = [],
): Uint8Array {
  const rows: (readonly (string | number | boolean)[])[] = [...more];
  for (const [id, { incarnation }] of known) {
    const point = acknowledged(id);
    rows.push([id, incarnation, doubted.has(id), point.index, point.term]);
  }
  return Buffer.from(JSON.stringify(rows));
}

/** Empty for anything that is not one. */
export function parsePeerView(bytes: Uint8Array): readonly PeerView[] {
  if (bytes.length === 0) return [];
  let rows: unknown;
  try {
    rows = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return [];
  }
  const views: PeerView[] = [];
  for (const row of Array.isArray(rows) ? (rows as unknown[]) : []) {
    const [id, incarnation, doubted, index, at] = Array.isArray(row) ? (row as unknown[]) : [];
    if (typeof id !== 'string' || typeof incarnation !== 'string' || typeof doubted !== 'boolean') continue;
    if (typeof index !== 'number' || typeof at !== 'number') continue;
    const acknowledged = { index: logIndex(index), term: term(at) };
    views.push({ id: nodeId(id), incarnation, doubted, acknowledged });
  }
  return views;
}
