import { textOf } from '../foundation/bytes.ts';
import { TanistError } from '../foundation/errors.ts';
import { noSession } from '../foundation/ids.ts';
import type { TanistNode } from '../node/node.ts';
import type { ForcedReport } from '../ports/lineage.ts';
import type { Held } from '../ports/replication.ts';
import { isIn } from '../replication/fork/fork-entry.ts';
import { forkFileName, readFork } from '../replication/fork/fork-file.ts';
import type { Truth } from '../verification/truth.ts';
import type { Findings } from './checks/findings.ts';
import type { Cluster } from './cluster.ts';
import { type Heir, heldBy, promotedByPolicy } from './forced-by-policy.ts';
import type { Machine } from './machine.ts';
import type { Run } from './quiet-phase.ts';
import { put, range } from './workload/commands.ts';
import { submit } from './workload/submit.ts';
import { paced } from './world/paced.ts';
import { savedFile } from './world/sim-folder.ts';

const boundMs = 15_000;
/** So far revisions move on (promise 8). */
const movedOn = 1e9;

/**
 * All hot members are lost, and a replica beyond the quorum is promoted by force (promise 8). First it is refused, while they live. Then: what the new
 * lineage has is what the replica held; nothing that a client saw is given again; old members that come back are fenced, with what they had beyond on
 * their disks; the rest follow.
 */
export async function checkForcedPhase(cluster: Cluster, findings: Findings, run: Run): Promise<void> {
  const { scheduler, machines, state, random } = cluster;
  const draw = random.fork('forced');
  const asked = draw.pick(machines.filter((machine) => (machine.member?.beyond ?? null) !== null));
  const early = await force(cluster, asked, findings, run);
  if (findings.any) return;
  if (early === null || 'report' in early || early.error.code !== 'quorum-alive') {
    findings.report(
      'forced-refused',
      `${asked.id} was promoted by force beside a living quorum: ${JSON.stringify(early)}`,
    );
    return;
  }
  // Some more is written, of which the replica hears or not.
  for (let i = 0; i < 3; i++) submit(cluster.leader(), put(`r${i % 2}`, `last ${i}`), () => {});
  await run(scheduler.nowMs + draw.pick([1, 5, 50]), () => false);
  const { fences } = cluster;
  const hot = machines.filter(({ node }) => node !== null);
  const old = cluster.leader()?.node ?? null;
  const oldTerm = Math.max(...hot.map(({ node }) => node?.raftStatus.term ?? 0));
  const oldSession = cluster.session();
  const truth = state.truth;
  const heir =
    fences === null
      ? await promotedByHand(cluster, asked, hot, findings, run)
      : await promotedByPolicy(cluster, fences, hot, findings, run);
  if (heir === null || findings.any) return;
  const { target, report, held, leases } = heir;
  await run(scheduler.nowMs + boundMs, () => target.node?.inspect().open === true);
  const { node } = target;
  if (node === null || !node.inspect().open) {
    findings.report('forced', `${target.id} does not lead ${boundMs} ms after its promotion`);
    return;
  }
  checkBeginning(node, report, truth, held, { oldTerm, oldEpoch: old?.state.epoch ?? 0 }, findings);
  for (const [lease, ttlMs] of leases)
    if (node.state.leaseTtlMs(lease) !== ttlMs)
      findings.report(
        'forced-leases',
        `lease ${lease} of ${ttlMs} ms has ${node.state.leaseTtlMs(lease)} ms left in the new lineage`,
      );
  if (oldSession !== noSession && node.state.hasSession(oldSession))
    findings.report('forced-sessions', `session ${oldSession} lives on in the new lineage`);
  let at = 0;
  submit(target, put('r0', 'of the new lineage'), (result) => {
    if ('revision' in result) at = result.revision;
  });
  await run(scheduler.nowMs + 2000, () => at > 0);
  if (at <= truth.lastRevision) {
    findings.report('forced-revisions', `a write got revision ${at}, after ${truth.lastRevision}`);
    return;
  }
  for (const machine of hot) {
    machine.idle = false;
    scheduler.after(draw.next() * 500, () => machine.start());
  }
  const late = (): string | null => whoIsNotFenced(cluster, hot, report) ?? cluster.leftBeyond();
  await run(
    scheduler.nowMs + 2 * boundMs,
    paced(scheduler, 5, () => late() === null),
  );
  const why = late();
  if (why !== null && !findings.any) {
    findings.report('fenced', `${2 * boundMs} ms after the old members came back: ${why}`);
    return;
  }
  for (const machine of hot) await checkForkFile(machine, report, truth, findings);
}

async function promotedByHand(
  cluster: Cluster,
  target: Machine,
  hot: readonly Machine[],
  findings: Findings,
  run: Run,
): Promise<Heir | null> {
  for (const machine of hot) {
    machine.idle = true;
    machine.crash(true);
  }
  await run(cluster.scheduler.nowMs + 500, () => false);
  const has = heldBy(target);
  cluster.forced = () => {};
  cluster.newLineage(target);
  const promoted = await force(cluster, target, findings, run);
  if (promoted !== null && 'report' in promoted) return { target, report: promoted.report, ...has };
  if (!findings.any)
    findings.report('forced', `${target.id} is not promoted: ${promoted?.error.message ?? 'no answer'}`);
  return null;
}

type Forced = { readonly report: ForcedReport } | { readonly error: TanistError };

async function force(
  cluster: Cluster,
  target: Machine,
  findings: Findings,
  run: Run,
): Promise<Forced | null> {
  const { scheduler } = cluster;
  let answer: Forced | null = null;
  const attempt = (): void => {
    const supervisor = target.member?.supervisor;
    target.life?.enter(() => {
      supervisor?.force(true).then(
        (report) => {
          answer = { report };
        },
        (error: unknown) => {
          if (!(error instanceof TanistError)) throw error;
          answer = { error };
        },
      );
    });
  };
  const untilMs = scheduler.nowMs + boundMs;
  while (scheduler.nowMs < untilMs && !findings.any) {
    answer = null;
    attempt();
    await run(scheduler.nowMs + 4000, () => answer !== null);
    const said = answer as Forced | null;
    if (said !== null && ('report' in said || !said.error.retryable)) return said;
    await run(scheduler.nowMs + 100, () => false);
  }
  return answer;
}

/** What the new lineage begins with. */
function checkBeginning(
  node: TanistNode,
  { fork, firstRevisions }: ForcedReport,
  truth: Truth,
  held: Held | null,
  { oldTerm, oldEpoch }: { readonly oldTerm: number; readonly oldEpoch: number },
  findings: Findings,
): void {
  const { state } = node;
  const { clusterId } = node.identity;
  if (state.epoch <= oldEpoch || clusterId === fork.from.clusterId || fork.to.epoch !== state.epoch)
    findings.report(
      'forced-epoch',
      `${clusterId}, epoch ${state.epoch}, after ${fork.from.clusterId}, epoch ${oldEpoch}`,
    );
  if (node.raftStatus.term <= oldTerm)
    findings.report(
      'forced-epoch',
      `term ${node.raftStatus.term} after ${oldTerm}: clients take it for an older leader`,
    );
  if (held !== null && fork.revisions.user < held.revisions.user)
    findings.report(
      'forced-content',
      `it held ${held.revisions.user}, and goes on from ${fork.revisions.user}`,
    );
  const first = firstRevisions.user;
  if (first <= truth.lastRevision || first <= fork.revisions.user + movedOn)
    findings.report(
      'forced-revisions',
      `the first is ${first}, after ${truth.lastRevision} and ${fork.revisions.user}`,
    );
  if (state.compacted('user') < first - 1)
    findings.report(
      'forced-revisions',
      `revisions up to ${first - 1} are not compacted, only to ${state.compacted('user')}`,
    );
  const all = state.range({ ...range('\0'), rangeEnd: '\0' as never });
  const has = new Map(
    all.kind === 'range' ? all.values.map((value) => [textOf(value.key), textOf(value.value)]) : [],
  );
  for (const key of truth.keys()) {
    const event = truth.keyAt(key, fork.revisions.user);
    const right =
      event?.type === 'put' && isIn(fork.ranges, 'user', Buffer.from(key).toString('latin1') as never);
    const value = has.get(key);
    if (right ? value === event?.value : value === undefined) continue;
    findings.report(
      'forced-content',
      `${key} is ${value}, was ${right ? event?.value : 'not held'} at ${fork.revisions.user}`,
    );
  }
}

function whoIsNotFenced({ leader }: Cluster, hot: readonly Machine[], { fork }: ForcedReport): string | null {
  for (const { id, member, node, disk } of hot) {
    // Of the new lineage it may have become hot again, where a policy wants that.
    if (node !== null && node.identity.clusterId !== fork.to.clusterId) return `${id} is hot`;
    if (savedFile(disk, forkFileName(fork.to.epoch)) === null) return `${id} has saved no fork file`;
    const lineage = member?.supervisor.said().lineage.clusterId;
    if (lineage !== fork.to.clusterId) return `${id} is of ${lineage}`;
  }
  return leader === undefined ? 'nobody leads' : null;
}

/** Of what the member had applied, everything after the fork is in its file; of what it had forgotten, which keys were deleted can be told. */
async function checkForkFile(
  { id, disk }: Machine,
  { fork }: ForcedReport,
  truth: Truth,
  findings: Findings,
): Promise<void> {
  const bytes = savedFile(disk, forkFileName(fork.to.epoch));
  if (bytes === null) return;
  const entries = new Set<string>();
  /** By key, the last that the file says of it. */
  const named = new Map<string, string>();
  let reached = 0;
  let complete = 0;
  for await (const part of readFork(inOne(bytes))) {
    if (part.kind === 'head') {
      reached = part.head.revisions.user;
      complete = part.head.completeFrom.user;
    }
    if (part.kind !== 'entries') continue;
    for (const { why, space, revision, key, op, committed } of part.entries) {
      if (space !== 'user' || !committed) continue;
      named.set(textOf(key), op);
      if (why === 'beyond') entries.add(`${revision} ${textOf(key)}`);
    }
  }
  for (const events of truth.between(fork.revisions.user + 1, reached))
    for (const { revision, key, type } of events) {
      const isLatest = type === 'put' && truth.keyAt(key, reached)?.revision === revision;
      if ((revision >= complete || isLatest) && !entries.has(`${revision} ${key}`))
        findings.report('fork-saved', `${id} had ${key} of revision ${revision}, its fork file has not`);
    }
  if (reached <= fork.revisions.user) return;
  for (const key of truth.keys()) {
    const atFork = truth.keyAt(key, fork.revisions.user)?.type === 'put';
    if (!atFork || !isIn(fork.ranges, 'user', Buffer.from(key).toString('latin1') as never)) continue;
    const last = truth.keyAt(key, reached);
    const isAbsent = last?.type === 'delete';
    const said = named.get(key) ?? (complete > fork.revisions.user + 1 ? 'delete' : 'put');
    if (isAbsent !== (said === 'delete'))
      findings.report(
        'fork-saved',
        `${key} is ${isAbsent ? 'absent' : 'there'} at ${id}, its fork file says otherwise`,
      );
  }
}

async function* inOne(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
