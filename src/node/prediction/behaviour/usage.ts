import { type NodeId, nodeId } from '../../../foundation/ids.ts';
import { markedRows } from '../../peers/context-rows.ts';

/** What a node uses of its machine; null: unknown. */
export interface Usage {
  /** Of one core; more than 1 on several. */
  readonly cpu: number | null;
  readonly memoryBytes: number | null;
  readonly networkBytesPerSecond: number | null;
  readonly diskBytesPerSecond: number | null;
}

/** As its leader tells it of a member. */
export interface MemberUsage {
  readonly id: NodeId;
  /** Cluster time. */
  readonly atMs: number;
  readonly usage: Usage;
}

/** In the order of `usageNumbers`. */
export const usageNames = ['cpu', 'memory', 'network', 'disk'] as const;

/** NaN: unknown. */
export function usageNumbers(usage: Usage | null): readonly number[] {
  if (usage === null) return usageNames.map(() => Number.NaN);
  const { cpu, memoryBytes, networkBytesPerSecond, diskBytesPerSecond } = usage;
  return [cpu, memoryBytes, networkBytesPerSecond, diskBytesPerSecond].map((each) => each ?? Number.NaN);
}

/** Four figures, null for what is not known. All replicas learn from what was told, so who tells it takes it for itself as it tells it. */
export type UsageJson = readonly (number | null)[];

export function usageJson(usage: Usage): UsageJson {
  return usageNumbers(usage).map((value) => (Number.isFinite(value) ? Number(value.toPrecision(6)) : null));
}

/** Null for anything that is not one. */
export function usageOf(value: unknown): Usage | null {
  if (!Array.isArray(value) || value.length < usageNames.length) return null;
  const given = value as readonly unknown[];
  const [cpu, memoryBytes, networkBytesPerSecond, diskBytesPerSecond] = given.map((each) =>
    typeof each === 'number' && Number.isFinite(each) ? each : null,
  );
  return {
    cpu: cpu ?? null,
    memoryBytes: memoryBytes ?? null,
    networkBytesPerSecond: networkBytesPerSecond ?? null,
    diskBytesPerSecond: diskBytesPerSecond ?? null,
  };
}

const mark = 'usage';

/** What a leader says of its members, as a row beside those of `peer-view.ts`: whoever does not know it passes over it. */
export function usageRow(members: readonly MemberUsage[]): readonly (string | number)[] {
  const [first] = members;
  if (first === undefined) return [mark, 0];
  const said = members.map(({ id, usage }) => [id, ...usageJson(usage)]);
  return [mark, first.atMs, JSON.stringify(said)];
}

/** Null: it says nothing of them. */
export function usageInRows(context: Uint8Array): readonly MemberUsage[] | null {
  for (const [atMs, said] of markedRows(context, mark)) {
    if (typeof atMs !== 'number') continue;
    try {
      return typeof said === 'string' ? membersIn(JSON.parse(said), atMs) : [];
    } catch {
      // Another version's, or damaged: nothing is known.
      return null;
    }
  }
  return null;
}

function membersIn(value: unknown, atMs: number): readonly MemberUsage[] {
  return (Array.isArray(value) ? (value as unknown[]) : []).flatMap((each) => {
    const [id, ...numbers] = Array.isArray(each) ? (each as unknown[]) : [];
    const usage = usageOf(numbers);
    return typeof id === 'string' && usage !== null ? [{ id: nodeId(id), atMs, usage }] : [];
  });
}
