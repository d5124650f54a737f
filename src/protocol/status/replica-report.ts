import { nodeId, revision } from '../../foundation/ids.ts';
import { isRecord } from '../../foundation/is-record.ts';
import { type Space, spaces } from '../../ports/delta.ts';
import type { Held, KeyRange, LinkMeasurement, ModelSaid, ReplicaReport } from '../../ports/replication.ts';
import { factsOf } from '../operations/member-facts.ts';

const texts = new WeakMap<ReplicaReport, string>();

/** JSON. A report is told many times before the next one comes. */
export function replicaReportText(report: ReplicaReport): string {
  let text = texts.get(report);
  if (text === undefined) {
    text = JSON.stringify(report);
    texts.set(report, text);
  }
  return text;
}

/** Of parsed JSON; null for anything else. Fields that another version left out are empty. */
export function replicaReportOf(value: unknown): ReplicaReport | null {
  if (!isRecord(value) || typeof value.id !== 'string') return null;
  if (value.tier !== 'warm' && value.tier !== 'cold') return null;
  return {
    id: nodeId(value.id),
    ...(typeof value.start === 'string' ? { start: value.start, said: numberOf(value.said) } : {}),
    tier: value.tier,
    held: heldOf(value.held),
    lagRevisions: numberOf(value.lagRevisions),
    lagMs: numberOf(value.lagMs),
    trouble: typeof value.trouble === 'string' ? value.trouble : null,
    syncMs: numberOf(value.syncMs),
    memoryUsed: numberOf(value.memoryUsed),
    diskFree: numberOf(value.diskFree),
    links: Array.isArray(value.links) ? value.links.flatMap((link: unknown) => linkOf(link) ?? []) : [],
    facts: isRecord(value.facts) && typeof value.facts.id === 'string' ? factsOf(value.facts) : null,
    ...(Array.isArray(value.model) ? { model: modelSaidOf(value.model) } : {}),
  };
}

/** More than any version says. */
const mostSaid = 128;

function modelSaidOf(value: readonly unknown[]): ModelSaid {
  return value
    .slice(0, mostSaid)
    .map((each) => (typeof each === 'number' || typeof each === 'string' ? each : null));
}

export function heldOf(value: unknown): Held | null {
  if (!isRecord(value) || !isRecord(value.lineage) || !isRecord(value.revisions)) return null;
  const { clusterId, epoch } = value.lineage;
  const { revisions } = value;
  if (typeof clusterId !== 'string' || typeof epoch !== 'number') return null;
  const at = (space: Space) => revision(numberOf(revisions[space]));
  return {
    lineage: { clusterId, epoch },
    revisions: { user: at('user'), planes: at('planes'), system: at('system'), predicted: at('predicted') },
    ranges: Array.isArray(value.ranges) ? value.ranges.flatMap((range: unknown) => rangeOf(range) ?? []) : [],
  };
}

function rangeOf(value: unknown): KeyRange | null {
  if (!isRecord(value) || typeof value.key !== 'string' || typeof value.rangeEnd !== 'string') return null;
  const space = spaces.find((name) => name === value.space);
  if (space === undefined) return null;
  return { space, key: value.key as KeyRange['key'], rangeEnd: value.rangeEnd as KeyRange['key'] };
}

/** Of parsed JSON; null for anything else. */
export function linkOf(value: unknown): LinkMeasurement | null {
  if (!isRecord(value) || typeof value.to !== 'string') return null;
  const { roundTripMs, bytesPerSecond } = value;
  return {
    to: nodeId(value.to),
    roundTripMs: typeof roundTripMs === 'number' ? roundTripMs : null,
    bytesPerSecond: typeof bytesPerSecond === 'number' ? bytesPerSecond : null,
  };
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && value >= 0 ? value : 0;
}
