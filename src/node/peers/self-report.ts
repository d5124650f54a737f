import type { Signs } from '../../failover/before-death/decide-hand-over.ts';
import type { SelfMeasurements } from '../../failover/score.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { LinkMeasurement, ReplicaReport } from '../../ports/replication.ts';
import { factsOf } from '../../protocol/operations/member-facts.ts';
import { linkOf, replicaReportOf, replicaReportText } from '../../protocol/status/replica-report.ts';
import { signsOf } from '../before-death/signs.ts';
import { type IntegrityReport, integrityJson, integrityOf } from '../integrity/integrity-report.ts';
import { type Usage, usageJson, usageOf } from '../prediction/behaviour/usage.ts';
import { type SaidOfModel, saidJson, saidOf } from '../prediction/model-report.ts';

/** What a replica says of itself in the context of its heartbeat replies. */
export interface SelfReport extends SelfMeasurements {
  readonly applied: number;
  readonly revision: number;
  /** Where it is reached, while the cluster knows otherwise. */
  readonly facts: MemberFacts | null;
  /** What the replicas beyond the quorum say that this one feeds. */
  readonly replicas: readonly ReplicaReport[];
  /** The paths to its peers, as it measured them. */
  readonly links: readonly LinkMeasurement[];
  /** Null: it says nothing of it. */
  readonly integrity: IntegrityReport | null;
  /** Of its predictions; null: it makes none. */
  readonly model: SaidOfModel | null;
  /** Of what may end it. Null or absent: it says nothing of it. */
  readonly signs?: Signs | null;
  /** What it uses of its machine, where predictions look at it. Null or absent: it says nothing of it. */
  readonly usage?: Usage | null;
}

const numbers = 6;
const numberBytes = numbers * 8;

export function encodeReport(report: SelfReport): Uint8Array {
  const { loopLagMs, syncMs, memoryUsed, diskFree, applied, revision } = report;
  const text = restText(report);
  const bytes = Buffer.alloc(numberBytes + Buffer.byteLength(text, 'utf8'));
  for (const [i, value] of [loopLagMs, syncMs, memoryUsed, diskFree, applied, revision].entries())
    bytes.writeDoubleBE(value, i * 8);
  bytes.write(text, numberBytes, 'utf8');
  return bytes;
}

/** Null for anything that is not a report (another version's, perhaps). */
export function decodeReport(bytes: Uint8Array): SelfReport | null {
  if (bytes.length < numberBytes) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = (i: number): number => view.getFloat64(i * 8);
  return {
    loopLagMs: at(0),
    syncMs: at(1),
    memoryUsed: at(2),
    diskFree: at(3),
    applied: at(4),
    revision: at(5),
    ...(bytes.length === numberBytes ? nothing : restIn(bytes.subarray(numberBytes))),
  };
}

type Rest = Pick<SelfReport, 'facts' | 'replicas' | 'links' | 'integrity' | 'model' | 'signs' | 'usage'>;

const nothing: Rest = { facts: null, replicas: [], links: [], integrity: null, model: null };

function restText({ facts, replicas, links, integrity, model, signs = null, usage = null }: Rest): string {
  const said = integrity === null ? null : integrityJson(integrity);
  const rest = JSON.stringify({
    facts,
    links,
    integrity: said,
    ...(model === null ? {} : { model: saidJson(model) }),
    ...(signs === null ? {} : { signs }),
    ...(usage === null ? {} : { usage: usageJson(usage) }),
  });
  // Reports of replicas come as text: they hold more than JSON numbers can.
  return `${rest.slice(0, -1)},"replicas":[${replicas.map(replicaReportText).join()}]}`;
}

function restIn(bytes: Uint8Array): Rest {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof parsed !== 'object' || parsed === null) return nothing;
    const {
      facts = null,
      replicas,
      links,
      integrity,
      model,
      signs,
      usage,
    }: Readonly<Record<string, unknown>> = { ...parsed };
    return {
      facts: facts === null ? null : factsOf(facts),
      replicas: Array.isArray(replicas) ? replicas.flatMap((one: unknown) => replicaReportOf(one) ?? []) : [],
      links: Array.isArray(links) ? links.flatMap((one: unknown) => linkOf(one) ?? []) : [],
      integrity: integrityOf(integrity),
      model: saidOf(model),
      ...(signs === undefined ? {} : { signs: signsOf(signs) }),
      ...(usage === undefined ? {} : { usage: usageOf(usage) }),
    };
  } catch {
    return nothing;
  }
}
