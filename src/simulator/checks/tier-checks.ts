import { type ByteString, textOf } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { type NodeId, type Revision, revision } from '../../foundation/ids.ts';
import type { TanistNode } from '../../node/node.ts';
import type { RangeRequest } from '../../ports/command.ts';
import { type Space, spaces } from '../../ports/delta.ts';
import type { KeyRange, Lineage } from '../../ports/replication.ts';
import type { RangeResult } from '../../ports/result.ts';
import { warmRanges } from '../../replication/critical-ranges.ts';
import { rangeText } from '../../replication/range-index.ts';
import { RangeSum } from '../../replication/range-sum.ts';
import type { WarmReplica } from '../../replication/warm/warm-replica.ts';
import type { Truth } from '../../verification/truth.ts';
import type { Machine } from '../machine.ts';
import type { Beyond } from '../tiers/member.ts';
import { range } from '../workload/commands.ts';
import type { Findings } from './findings.ts';

/** Between two whole looks at one replica. */
const lookEveryMs = 15;
const whole: Pick<KeyRange, 'key' | 'rangeEnd'> = { key: '\0' as ByteString, rangeEnd: '\0' as ByteString };

interface Seen {
  readonly replica: object;
  readonly lineage: string;
  readonly revisions: Readonly<Record<Space, Revision>>;
}

/**
 * Promise 7: what a replica beyond the quorum serves is what the state was at the revision that it says, and of its ranges alone. Read through its own
 * reads, and held against what hot ones have been seen to apply.
 */
export class TierChecks {
  readonly #findings: Findings;
  readonly #truth: (clusterId: string) => Truth;
  readonly #nowMs: () => number;
  readonly #seen = new Map<NodeId, Seen>();
  readonly #lookedMs = new Map<NodeId, number>();
  readonly #snapshots = new Map<NodeId, number>();
  /** By revision of the space `system`, what warm replicas are to hold. */
  readonly #ranges = new Map<string, string>();
  /** Looks that were compared. */
  looks = 0;

  readonly #mayGoBack: () => boolean;

  /** `truth`: of a lineage. `mayGoBack`: who followed a state that differed may hold revisions that never were, and gets rid of them. */
  constructor(
    findings: Findings,
    truth: (clusterId: string) => Truth,
    nowMs: () => number,
    mayGoBack: () => boolean,
  ) {
    this.#mayGoBack = mayGoBack;
    this.#findings = findings;
    this.#truth = truth;
    this.#nowMs = nowMs;
  }

  /** A hot one ran. */
  hot(node: TanistNode): void {
    const { state } = node;
    const at = `${node.identity.clusterId} ${state.revision('system')}`;
    if (this.#ranges.has(at) || node.inspect().restoring || node.inspect().applying) return;
    this.#ranges.set(at, warmRanges(state.policies()).map(rangeText).join());
  }

  /** One beyond the quorum ran. */
  look(machine: Machine, beyond: Beyond): void {
    if (machine.life?.paused !== false) return;
    const nowMs = this.#nowMs();
    if (nowMs - (this.#lookedMs.get(machine.id) ?? Number.NEGATIVE_INFINITY) < lookEveryMs) return;
    this.#lookedMs.set(machine.id, nowMs);
    if (beyond.tier === 'warm') this.#warm(machine, beyond.replica);
    else {
      const newest = beyond.replica.snapshots.at(-1);
      if (newest === undefined) return;
      this.#forward(machine, beyond.replica, newest.lineage, newest.revisions);
      if (this.#snapshots.get(machine.id) === newest.number && nowMs % 5 > 1) return;
      this.#snapshots.set(machine.id, newest.number);
      const at = nowMs % 2 < 1 ? newest : (beyond.replica.snapshots[0] ?? newest);
      const request = { ...range('x'), ...whole, revision: at.revisions.user };
      machine.life.enter(() => {
        beyond.replica.read(request).then(
          ({ result }) => {
            if (result.kind === 'range') this.#compare(machine, at.lineage, whole, result);
          },
          (error: unknown) => this.#refused(machine, error),
        );
      });
    }
  }

  #warm(machine: Machine, replica: WarmReplica): void {
    const { state } = replica;
    if (state.meta === null) return;
    this.#forward(machine, replica, state.meta.lineage, state.meta.revisions);
    const { lineage } = state.meta;
    this.#wanted(machine, replica);
    for (const { range: held } of state.ranges) {
      if (held.space !== 'user') continue;
      this.#read(machine, replica, { ...range('x'), ...held }, (result) =>
        this.#compare(machine, lineage, held, result),
      );
    }
    const user = state.ranges.filter(({ range: held }) => held.space === 'user');
    if (user.length === 1 && user[0]?.range.rangeEnd === '\0') return;
    this.#read(machine, replica, { ...range('x'), ...whole }, () =>
      this.#findings.report('warm-ranges', `${machine.id} answers a read of all keys, but does not hold all`),
    );
  }

  /** It holds nothing but what was critical at the revision of policies that it has. */
  #wanted({ id }: Machine, { state: { meta, ranges } }: WarmReplica): void {
    if (meta === null) return;
    const wanted = this.#ranges.get(`${meta.lineage.clusterId} ${meta.revisions.system}`);
    const outside = ranges.find(({ range: held }) => wanted?.includes(rangeText(held)) === false);
    if (outside !== undefined)
      this.#findings.report('warm-ranges', `${id} holds ${rangeText(outside.range)}, which is not critical`);
    for (const held of ranges) {
      const { key, rangeEnd } = held.range;
      const keys = [
        ...held.keys('' as ByteString, key, 1),
        ...(rangeEnd === '\0' ? [] : held.keys(rangeEnd, null, 1)),
      ];
      if (keys.length > 0)
        this.#findings.report('warm-ranges', `${id} holds ${keys.join()} in ${rangeText(held.range)}`);
    }
  }

  #read(
    machine: Machine,
    replica: WarmReplica,
    request: RangeRequest,
    done: (result: RangeResult) => void,
  ): void {
    machine.life?.enter(() => {
      const taken = (answer: RangeResult | TanistError): void => {
        if (answer instanceof Error) this.#refused(machine, answer);
        else done(answer);
      };
      const answer = replica.read(request);
      if (answer instanceof Promise) answer.then(taken, (error: unknown) => this.#refused(machine, error));
      else taken(answer);
    });
  }

  #refused({ id }: Machine, error: unknown): void {
    if (error instanceof TanistError) return;
    this.#findings.report('no-exception', `a read of ${id} failed: ${String(error)}`);
  }

  #compare(
    { id }: Machine,
    { clusterId }: Lineage,
    held: Pick<KeyRange, 'key' | 'rangeEnd'>,
    result: RangeResult,
  ): void {
    const truth = this.#truth(clusterId);
    // Applied, and its watchers have not heard of it yet.
    if (result.revision > truth.lastRevision) return;
    this.looks++;
    const has = new Map(result.values.map((value) => [textOf(value.key), value]));
    for (const key of truth.keys()) {
      if (key < textOf(held.key) || (held.rangeEnd !== '\0' && key >= textOf(held.rangeEnd))) continue;
      const event = truth.keyAt(key, result.revision);
      const was = event?.type === 'put' ? event : undefined;
      const value = has.get(key);
      has.delete(key);
      if (was === undefined && value === undefined) continue;
      if (was !== undefined && value !== undefined) {
        if (was.value === textOf(value.value) && was.revision === value.modRevision) continue;
      }
      const said = value === undefined ? 'nothing' : `${textOf(value.value)} of ${value.modRevision}`;
      const right = was === undefined ? 'nothing' : `${was.value} of ${was.revision}`;
      this.#findings.report('tier-content', `${id} at ${result.revision}: ${key} is ${said}, was ${right}`);
      return;
    }
    const [more] = has.keys();
    if (more !== undefined)
      this.#findings.report('tier-content', `${id} at ${result.revision}: ${more}, which nobody put`);
  }

  /** Of one process, in one lineage. */
  #forward({ id }: Machine, replica: object, { clusterId }: Lineage, revisions: Seen['revisions']): void {
    const seen = this.#seen.get(id);
    if (seen?.replica === replica && seen.lineage === clusterId && !this.#mayGoBack())
      // Of predictions it holds none: it only repeats what each source says.
      for (const space of spaces)
        if (space !== 'predicted' && revisions[space] < seen.revisions[space])
          this.#findings.report(
            'tier-forward',
            `${id} went from ${space} ${seen.revisions[space]} back to ${revisions[space]}`,
          );
    this.#seen.set(id, { replica, lineage: clusterId, revisions });
  }

  /** What keeps a replica from being whole and at the present of a hot one; null: nothing. */
  left(machine: Machine, beyond: Beyond, hot: TanistNode): string | null {
    const why =
      beyond.tier === 'warm' ? leftOfWarm(machine, beyond.replica, hot) : leftOfCold(machine, beyond, hot);
    return why === null ? null : `${why} (${beyond.replica.report().trouble ?? 'no trouble'})`;
  }
}

function leftOfWarm({ id }: Machine, { state }: WarmReplica, { state: hot }: TanistNode): string | null {
  if (state.meta === null) return `${id} holds nothing`;
  const wanted = warmRanges(hot.policies());
  const held = new Map(state.ranges.map((one) => [rangeText(one.range), one]));
  if (held.size !== wanted.length) return `${id} holds ${held.size} of ${wanted.length} ranges`;
  for (const one of wanted) {
    const has = held.get(rangeText(one));
    if (has === undefined) return `${id} does not hold ${rangeText(one)}`;
    const at = state.meta.revisions[one.space];
    if (at !== hot.revision(one.space)) return `${id} has ${one.space} ${at} of ${hot.revision(one.space)}`;
    const sum = new RangeSum();
    const found = hot.range({ ...range('x'), ...one });
    if (found.kind === 'range') for (const value of found.values) sum.add(value);
    const { keys, digest } = has.digest;
    if (keys !== sum.keys || digest !== sum.digest)
      return `${id} has ${keys} keys with ${digest} of ${rangeText(one)}, not ${sum.keys} with ${sum.digest}`;
  }
  const leases = [...hot.leaseIds()];
  const isSame = leases.length === state.leases.size && leases.every((lease) => state.leases.has(lease));
  return isSame ? null : `${id} holds leases ${[...state.leases.keys()].join()}, not ${leases.join()}`;
}

function leftOfCold(
  { id }: Machine,
  { replica }: Extract<Beyond, { readonly tier: 'cold' }>,
  { state: hot }: TanistNode,
): string | null {
  const newest = replica.snapshots.at(-1);
  if (newest === undefined) return `${id} has no snapshot`;
  if (replica.trouble !== null) return `${id} is in trouble`;
  for (const space of ['user', 'planes', 'system'] as const)
    if (newest.revisions[space] !== revision(hot.revision(space)))
      return `${id} has ${space} ${newest.revisions[space]} of ${hot.revision(space)}`;
  return null;
}
