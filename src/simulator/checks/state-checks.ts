import type { ByteString } from '../../foundation/bytes.ts';
import { textOf } from '../../foundation/bytes.ts';
import { type Revision, revision } from '../../foundation/ids.ts';
import type { NodeInspection, TanistNode, WatchHandle } from '../../node/node.ts';
import type { StateDelta } from '../../ports/delta.ts';
import { spaces } from '../../ports/delta.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import { type TrueEvent, Truth } from '../../verification/truth.ts';
import type { Machine } from '../machine.ts';
import { range } from '../workload/commands.ts';
import type { Findings } from './findings.ts';

const everything = '\0' as ByteString;

interface Reached {
  readonly node: string;
  readonly digest: string;
  readonly timeMs: number;
}

/**
 * Equal state at equal index on every replica, for each space; revisions and cluster time only forward. What the user space went
 * through is gathered as the truth that answers are checked against.
 */
export class StateChecks {
  readonly truth = new Truth();
  /** When each revision was first applied anywhere, true time. */
  readonly appliedAtMs = new Map<number, number>();
  /** The cluster time of each revision. */
  readonly clusterTimeMs = new Map<number, number>();
  readonly #findings: Findings;
  readonly #nowMs: () => number;
  readonly #byIndex = new Map<number, Reached>();
  readonly #last = new Map<
    string,
    { readonly node: TanistNode; readonly index: number; readonly timeMs: number }
  >();
  readonly #watches = new Map<string, WatchHandle>();
  readonly #waiting = new Map<string, () => void>();

  readonly #mayDiffer: (machine: Machine) => boolean;
  readonly #rebuilds = new Map<string, number>();

  /** `mayDiffer`: a fault made its state another one, and it has not been rebuilt since. */
  constructor(findings: Findings, nowMs: () => number, mayDiffer: (machine: Machine) => boolean) {
    this.#mayDiffer = mayDiffer;
    this.#findings = findings;
    this.#nowMs = nowMs;
  }

  /** What a lineage begins with, unless that is known: not more than its own values. */
  begin(state: StateMachine): void {
    if (this.truth.lastRevision > 1) return;
    const found = state.range({ ...range(''), key: '\0' as ByteString, rangeEnd: everything });
    const values = found.kind === 'range' ? [...found.values] : [];
    values.sort((a, b) => a.modRevision - b.modRevision);
    for (let i = 0; i < values.length; ) {
      const at = values[i]?.modRevision ?? 0;
      const events: TrueEvent[] = [];
      for (; values[i]?.modRevision === at; i++) {
        const value = values[i];
        if (value !== undefined)
          events.push({ revision: at, type: 'put', key: textOf(value.key), value: textOf(value.value) });
      }
      if (at > this.truth.lastRevision) this.truth.add(at, events);
    }
    if (state.revision('user') > this.truth.lastRevision) this.truth.add(state.revision('user'), []);
  }

  opened(machine: Machine, node: TanistNode): void {
    this.#waiting.delete(machine.id);
    const watch = (from: Revision): void => {
      const handle = node.watch(
        { space: 'user', key: everything, rangeEnd: everything, fromRevision: from, previous: false },
        {
          events: ({ events }) => {
            this.#saw(
              machine.id,
              events.map(({ delta }) => delta),
            );
            return true;
          },
          // After a snapshot took this replica forward; of one in quarantine, when it comes back.
          ended: () => {
            if (machine.node !== node) return;
            if (node.inspect().doubt === null) watch(revision(node.state.revision('user') + 1));
            else this.#waiting.set(machine.id, () => watch(revision(node.state.revision('user') + 1)));
          },
        },
      );
      this.#watches.set(machine.id, handle);
    };
    watch(revision(node.state.revision('user') + 1));
  }

  step(machine: Machine): void {
    const { node } = machine;
    if (node === null) return;
    const index = node.state.applied.index;
    const last = this.#last.get(machine.id);
    if (last?.node === node && last.index === index && !this.#waiting.has(machine.id)) return;
    const inspection = node.inspect();
    if (inspection.restoring || inspection.applying || inspection.doubt !== null) return;
    this.#waiting.get(machine.id)?.();
    this.#waiting.delete(machine.id);
    if (this.#mayDiffer(machine)) return;
    if (inspection.rebuilds !== this.#rebuilds.get(machine.id)) this.#last.delete(machine.id);
    this.#rebuilds.set(machine.id, inspection.rebuilds);
    this.#judge(machine, node, inspection);
  }

  #judge(machine: Machine, node: TanistNode, inspection: NodeInspection): void {
    const index = node.state.applied.index;
    const last = this.#last.get(machine.id);
    const timeMs = inspection.clusterTimeMs;
    if (last?.node === node && timeMs < last.timeMs) {
      this.#findings.report('cluster-time', `${machine.id}: from ${last.timeMs} back to ${timeMs}`);
    }
    this.#last.set(machine.id, { node, index, timeMs });
    this.#compare(machine.id, index, inspection);
  }

  #compare(id: string, index: number, inspection: NodeInspection): void {
    const digest = spaces
      .map((space) => {
        const { revision: at, digest: of } = inspection.spaces[space];
        return `${space} ${at} ${of}`;
      })
      .join('; ');
    const timeMs = inspection.clusterTimeMs;
    const before = this.#byIndex.get(index);
    if (before === undefined) this.#byIndex.set(index, { node: id, digest, timeMs });
    else if (before.digest !== digest) {
      this.#findings.report(
        'state-digest',
        `at ${index} ${id} has ${digest}, ${before.node} had ${before.digest}`,
      );
    } else if (before.timeMs !== timeMs) {
      this.#findings.report(
        'cluster-time',
        `at ${index} ${id} has ${timeMs}, ${before.node} had ${before.timeMs}`,
      );
    }
  }

  #saw(id: string, deltas: readonly StateDelta[]): void {
    for (let i = 0; i < deltas.length; ) {
      const at = deltas[i]?.revision ?? 0;
      const clusterTimeMs = deltas[i]?.timeMs ?? 0;
      const events: TrueEvent[] = [];
      for (; deltas[i]?.revision === at; i++) {
        const delta = deltas[i];
        if (delta !== undefined) events.push(trueEvent(delta));
      }
      if (at > this.truth.lastRevision) {
        if (at !== this.truth.lastRevision + 1) {
          this.#findings.report('revision-gap', `${id}: revision ${at} after ${this.truth.lastRevision}`);
        }
        this.truth.add(at, events);
        this.appliedAtMs.set(at, this.#nowMs());
        this.clusterTimeMs.set(at, clusterTimeMs);
      } else if (JSON.stringify(events) !== JSON.stringify(this.truth.at(at))) {
        this.#findings.report(
          'state-divergence',
          `${id} at revision ${at}: ${JSON.stringify(events)}, elsewhere ${JSON.stringify(this.truth.at(at))}`,
        );
      }
    }
  }
}

function trueEvent({ revision: at, op, key, value }: StateDelta): TrueEvent {
  return { revision: at, type: op, key: textOf(key), value: textOf(value) };
}
