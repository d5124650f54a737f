import { defaultScore, defaultSuspicion } from '../failover/options.ts';
import { defaultTierPolicy } from '../failover/topology/policy.ts';
import { byteStringOfText } from '../foundation/bytes.ts';
import { TanistError } from '../foundation/errors.ts';
import { type NodeId, noSession, type SessionId } from '../foundation/ids.ts';
import { defaultRequestLimits } from '../foundation/limits.ts';
import { type Random, seededRandom } from '../foundation/random.ts';
import type { TanistNode } from '../node/node.ts';
import type { NodeOptions } from '../node/options.ts';
import type { NodeEvent, NodeEventFields } from '../ports/node-log.ts';
import type { Tier } from '../ports/tier.ts';
import { encodeCommandBatch } from '../protocol/session/write-command.ts';
import type { RaftMessage } from '../raft/message.ts';
import type { Findings } from './checks/findings.ts';
import { IntegrityChecks } from './checks/integrity-checks.ts';
import { LogChecks } from './checks/log-checks.ts';
import { MemberChecks } from './checks/member-checks.ts';
import { PredictionChecks } from './checks/prediction-checks.ts';
import { QuorumCheck } from './checks/quorum-check.ts';
import { StateChecks } from './checks/state-checks.ts';
import { TierChecks } from './checks/tier-checks.ts';
import { TopologyChecks } from './checks/topology-checks.ts';
import { VoteChecks } from './checks/vote-checks.ts';
import { factsOfMachine, idOf, Machine, type MachineEvents } from './machine.ts';
import type { Plan } from './plan/plan.ts';
import { zoneLabel } from './plan/zones.ts';
import { Fences } from './tiers/fences.ts';
import type { TierWorld } from './tiers/tier-world.ts';
import { Caller, earlyPrefix } from './workload/caller.ts';
import { Predictions } from './workload/predictions.ts';
import { Recorder } from './workload/recorder.ts';
import { SimClient } from './workload/sim-client.ts';
import { SimWatch } from './workload/sim-watch.ts';
import { Network } from './world/network.ts';
import type { Scheduler } from './world/scheduler.ts';
import type { Trace } from './world/trace.ts';

/** A failed process is started again after a while, as a supervisor would. */
const restartMs = 150;

/** The machines, the network between them, clients with their calls, and the checks that watch all of it. */
export class Cluster {
  readonly plan: Plan;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly machines: readonly Machine[];
  readonly recorder = new Recorder();
  /** Of the present lineage, as `members` and the votes. */
  logs: LogChecks;
  state: StateChecks;
  readonly integrity: IntegrityChecks;
  members: MemberChecks;
  readonly tiers: TierChecks;
  /** Of the lineage that the run begins with. */
  readonly topology: TopologyChecks;
  readonly fences: Fences | null;
  /** A replica goes on without the quorum. */
  forced: (machine: Machine) => void;
  readonly callers: readonly Caller[];
  readonly random: Random;
  /**
   * Machines whose disk was changed behind their back and that have not been opened on it since. `replaced`: by another content, of which they
   * may not know; `damaged`: they must notice or be none the worse.
   */
  readonly spoiled = new Map<Machine, 'replaced' | 'damaged'>();
  /** Machines that somebody was asked to remove. */
  readonly removals = new Set<NodeId>();
  readonly #findings: Findings;
  readonly #touched = new Set<Machine>();
  readonly #watches: readonly SimWatch[];
  readonly #clients: readonly SimClient[];
  #votes: VoteChecks;
  /**
   * Lineages that have ended, by cluster id. Their logs and votes are no findings' matter any more; their state is, and what it goes through is still gathered: old members that come
   * back before they are fenced may elect one of them, and what they apply then (a lease that ends) belongs into their fork files too.
   */
  readonly #ended = new Map<string, StateChecks>();
  readonly #quorum: QuorumCheck;
  #policySet = false;
  readonly #world: TierWorld | null;
  /** Null: nothing is predicted, or not in this lineage. */
  #predicted: PredictionChecks | null;
  readonly #predictions: Predictions;

  constructor(plan: Plan, scheduler: Scheduler, trace: Trace, findings: Findings) {
    this.plan = plan;
    this.scheduler = scheduler;
    this.#findings = findings;
    this.random = seededRandom(`run ${plan.seed}`);
    const zones = new Map(plan.topology.zones.map((zone, i) => [idOf(i) as string, zone]));
    this.network = new Network(scheduler, this.random.fork('network'), trace, { ...plan.network }, zones);
    this.network.zoneDelays = plan.topology.delays;
    this.topology = new TopologyChecks(findings, plan.topology, () => scheduler.nowMs);
    this.forced = ({ id }) =>
      findings.report('forced-unfenced', `${id} goes on by its policy, no fence has succeeded`);
    const { forced } = plan.topology;
    this.fences =
      forced === null ? null : new Fences(forced, scheduler, this.random.fork('fences'), () => this.machines);
    this.logs = new LogChecks(findings);
    this.integrity = new IntegrityChecks(findings, () => this.machines, trace, this.random.fork('integrity'));
    this.state = new StateChecks(
      findings,
      () => scheduler.nowMs,
      (machine) => this.integrity.mayDiffer(machine),
    );
    this.members = new MemberChecks(findings, plan.turnover.joiners > 0);
    this.#votes = new VoteChecks(findings);
    this.tiers = new TierChecks(
      findings,
      (clusterId) => (this.#ended.get(clusterId) ?? this.state).truth,
      () => scheduler.nowMs,
      () => this.integrity.hasDiverged,
    );
    const predicts = plan.predictions.everyMs > 0;
    this.#predicted = predicts
      ? new PredictionChecks(findings, (machine) => this.integrity.mayDiffer(machine))
      : null;
    const { warm, cold } = plan.tiers;
    this.#world = this.#tierWorld();
    const hot = this.#hot;
    this.machines = Array.from({ length: hot + warm + cold }, (_, i) => this.#machine(i));
    for (const machine of this.machines.slice(plan.nodes, hot)) machine.idle = true;
    this.#quorum = new QuorumCheck(this.machines, this.network, plan.timing.electionMs, findings);
    const byAddress = new Map(this.machines.map((machine) => [`${machine.id}:client`, machine]));
    this.network.sent = (message) => this.#sent(message);
    this.#clients = Array.from(
      { length: plan.clients },
      (_, i) =>
        new SimClient({
          name: `c${i}`,
          network: this.network,
          machines: byAddress,
          sessionTtlMs: plan.sessionTtlMs,
          random: this.random.fork(`client ${i}`),
        }),
    );
    const { recorder, machines } = this;
    this.callers = this.#clients.flatMap((client) =>
      Array.from({ length: plan.callers }, (_, i) => {
        const name = `${client.name}.${i}`;
        const random = this.random.fork(`caller ${name}`);
        return new Caller({ name, client, plan, random, recorder, findings, scheduler, machines });
      }),
    );
    this.#watches = [0, 1].map((i) => {
      const name = `w${i}`;
      const random = this.random.fork(name);
      return new SimWatch({ name, network: this.network, machines, random, recorder });
    });
    this.#predictions = new Predictions({
      plan: plan.predictions,
      scheduler,
      machines,
      leader: () => this.leader(),
      random: this.random.fork('predictions'),
      findings,
      recorder,
    });
  }

  start(): void {
    for (const machine of this.machines) machine.start();
    for (const caller of this.callers) caller.start();
    for (const watch of this.#watches) watch.start();
    if (this.plan.early) this.#setPolicy();
    this.#predictions.start();
  }

  stopCalls(): void {
    for (const caller of this.callers) caller.stop();
    this.#predictions.stop();
  }

  stopWatches(): void {
    for (const watch of this.#watches) watch.stop();
  }

  /** After every event. */
  step(): void {
    for (const machine of this.#touched) {
      const ended = this.#endedOf(machine.node);
      if (ended !== null) {
        ended.step(machine);
        continue;
      }
      this.state.step(machine);
      this.#predicted?.step(machine);
      this.logs.step(machine);
      this.#tiersOf(machine);
      this.#leadership(machine);
    }
    this.#touched.clear();
  }

  #tiersOf(machine: Machine): void {
    const { node, member } = machine;
    if (member === null) return;
    if (node !== null) this.tiers.hot(node);
    else if (member.beyond !== null) this.tiers.look(machine, member.beyond);
  }

  #sent(message: RaftMessage): void {
    const machine = this.machines.find(({ id }) => id === message.from);
    const node = machine?.node ?? null;
    if (machine === undefined || node === null || this.#isOver(node)) return;
    const { storeId } = node.identity;
    this.integrity.sent(message, node);
    this.#votes.sent(message, storeId, machine.log, node.raftStatus.configuration);
    this.logs.sent(message, storeId, machine.log);
    this.members.sent(message);
    if (message.type === 'heartbeat') this.logs.succession(message, node.raftStatus);
  }

  #leadership(machine: Machine): void {
    const status = machine.node?.raftStatus;
    if (status === undefined) return;
    this.#quorum.look(machine, status);
    this.members.look(machine, status);
    if (machine.node !== null && this.#ended.size === 0) this.topology.look(machine, status, machine.node);
  }

  leader(): Machine | null {
    let found: Machine | null = null;
    let term = -1;
    for (const machine of this.machines) {
      if (this.#isOver(machine.node)) continue;
      const status = machine.node?.raftStatus;
      if (status?.role !== 'leader' || status.term <= term) continue;
      found = machine;
      term = status.term;
    }
    return found;
  }

  /** All hot machines are lost: what `promoted` is about to begin is another history. */
  newLineage(promoted: Machine): void {
    const { clusterId } = promoted.member?.supervisor.said().lineage ?? { clusterId: '' };
    this.#ended.set(clusterId, this.state);
    const findings = this.#findings;
    this.logs = new LogChecks(findings);
    this.members = new MemberChecks(findings, false);
    this.#votes = new VoteChecks(findings);
    this.#predicted = null;
    this.state = new StateChecks(
      findings,
      () => this.scheduler.nowMs,
      (machine) => this.integrity.mayDiffer(machine),
    );
  }

  #isOver(node: TanistNode | null): boolean {
    return this.#endedOf(node) !== null;
  }

  #endedOf(node: TanistNode | null): StateChecks | null {
    return node === null ? null : (this.#ended.get(node.identity.clusterId) ?? null);
  }

  /** What keeps the replicas beyond the quorum from being whole, at the present, and of the tier that the facts say; null: nothing. */
  leftBeyond(): string | null {
    const hot = this.leader()?.node ?? null;
    if (hot === null) return 'nobody leads';
    const members = new Map(hot.members().map((member) => [member.id, member]));
    for (const machine of this.machines) {
      const { id, idle, member, node } = machine;
      const facts = members.get(id);
      if (idle || member === null || facts === undefined) continue;
      if (facts.wanted !== undefined) return `${id} has yet to become ${facts.wanted}`;
      const tier = node !== null ? 'hot' : (member.beyond?.tier ?? 'nothing');
      if (tier !== facts.tier) return `${id} is ${tier}, the facts say ${facts.tier}`;
      const why = member.beyond === null ? null : this.tiers.left(machine, member.beyond, hot);
      if (why !== null) return why;
    }
    return null;
  }

  /** Of some client. */
  session(): SessionId {
    for (const { core } of this.#clients) if (core.phase.state === 'open') return core.phase.id;
    return noSession;
  }

  #setPolicy(): void {
    const again = (): void => {
      if (!this.#policySet) this.#setPolicy();
    };
    this.scheduler.after(100, again);
    const { node = null, life = null } = this.leader() ?? {};
    if (node === null || life === null || !node.inspect().open) return;
    const policy = { acknowledge: 'leader', tier: 'full', predict: null } as const;
    const commands = [{ kind: 'setPolicy', prefix: byteStringOfText(earlyPrefix), policy }] as const;
    const batch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands };
    life.enter(() =>
      node.submit({
        bytes: encodeCommandBatch(batch),
        batch,
        settle: (outcome) => {
          if (outcome.kind === 'applied') this.#policySet = true;
        },
        early: null,
      }),
    );
  }

  /** Machines that may be hot by their config. */
  get #hot(): number {
    return this.plan.nodes + this.plan.turnover.joiners;
  }

  #machine(index: number): Machine {
    const { plan } = this;
    return new Machine({
      network: this.network,
      options: this.#options(index),
      time: {
        originMs: 1000 * index,
        drift: plan.slowClock?.machine === index ? plan.slowClock.rate - 1 : (plan.drift[index] ?? 0),
        wallOffsetMs: plan.wallOffsetMs[index] ?? 0,
      },
      random: this.random.fork(`machine ${index}`),
      events: this.#events(),
      tiers: this.#world === null ? null : { world: this.#world, tier: this.#tierOf(index) },
      predicts: plan.predictions.everyMs > 0,
    });
  }

  /** By its config. */
  #tierOf(index: number): Tier {
    const { nodes, turnover, tiers } = this.plan;
    const beyond = index - nodes - turnover.joiners;
    if (beyond < 0) return 'hot';
    return beyond < tiers.warm ? 'warm' : 'cold';
  }

  #labelsOf(index: number): Readonly<Record<string, string>> {
    const zone = this.plan.topology.zones[index];
    return zone === undefined ? {} : { [zoneLabel]: `z${zone}` };
  }

  #tierWorld(): TierWorld | null {
    const { nodes, turnover, tiers } = this.plan;
    const count = tiers.warm + tiers.cold;
    if (count === 0) return null;
    const first = nodes + turnover.joiners;
    const indices = [...Array(nodes).keys(), ...Array.from({ length: count }, (_, i) => first + i)];
    return {
      network: this.network,
      plan: tiers,
      seeds: indices.map((i) => factsOfMachine(idOf(i), this.#tierOf(i), this.#labelsOf(i))),
      measures: this.plan.topology.zones.length > 0,
      fences: this.fences,
      member: (id) => this.machines.find((machine) => machine.id === id)?.member ?? null,
    };
  }

  #options(index: number): NodeOptions {
    const { timing, storage, nodes, tiers } = this.plan;
    const beyond = this.#world?.seeds.filter(({ tier }) => tier !== 'hot') ?? [];
    const hot = [...Array(nodes).keys(), ...(index < nodes || index >= this.#hot ? [] : [index])];
    return {
      id: idOf(index),
      clusterId: 'simulated',
      dataFolder: `/simulated/${idOf(index)}`,
      members: [
        ...hot.map((i) => ({
          ...addressesOf(idOf(i)),
          tier: 'hot',
          join: i >= nodes,
          labels: this.#labelsOf(i),
        })),
        ...beyond.map(({ id, tier, labels }) => ({ ...addressesOf(id), tier, labels })),
      ],
      tickMs: timing.tickMs,
      heartbeatMs: timing.heartbeatMs,
      electionMs: timing.electionMs,
      rankDelayMs: timing.rankDelayMs,
      holdMs: 20,
      suspicion: { ...defaultSuspicion, heartbeatMs: timing.heartbeatMs, floorMs: timing.floorMs },
      score: defaultScore,
      requestLimits: defaultRequestLimits,
      appendBytes: storage.appendBytes,
      inflightMessages: 16,
      inflightBytes: 65_536,
      uncommittedBytes: 1 << 20,
      logMemoryBytes: storage.logMemoryBytes,
      logDiskBytes: storage.logDiskBytes,
      flushEveryMs: storage.flushEveryMs,
      ...(storage.keysPerSlice === 0 ? {} : { keysPerSlice: storage.keysPerSlice, slicesPerTurn: 1 }),
      flushBytes: storage.flushBytes,
      diskReserveBytes: 0,
      ...(this.#world === null
        ? {}
        : {
            tiers: {
              ...defaultTierPolicy,
              automatic: tiers.graceMs > 0,
              graceMs: tiers.graceMs,
              settleMs: 300,
              ...this.plan.topology.policy,
            },
          }),
      scrub: { bytesPerSecond: this.plan.scrubs ? 1 << 22 : 0, pauseMs: 1500 },
    };
  }

  /** What each client waits for, and where. */
  clientStates(): readonly string[] {
    return this.#clients.map(({ core }, i) => {
      const { route } = core.router;
      const where = route.state === 'attached' ? route.address : 'nowhere';
      return `c${i} at ${where} waits for ${core.unansweredCommands} commands, ${core.unansweredReads} reads`;
    });
  }

  #events(): MachineEvents {
    return {
      observer: (machine) => ({
        applying: (entry) => {
          if (this.#isOver(machine.node)) return;
          this.logs.applying(machine, entry);
          this.members.applying(entry);
          if (this.#ended.size === 0) this.topology.applying(entry);
          this.#predicted?.applying(entry);
        },
        spoil: (block) => this.integrity.spoil(machine, block),
      }),
      logged: (machine, event, fields) => this.#logged(machine, event, fields),
      opened: (machine, node) => {
        const ended = this.#endedOf(node);
        if (ended !== null) {
          ended.opened(machine, node);
          return;
        }
        if (this.#ended.size > 0) this.state.begin(node.state);
        const { term, vote } = node.raftStatus;
        const { storeId } = node.identity;
        const replaced = this.spoiled.get(machine) === 'replaced';
        this.spoiled.delete(machine);
        if (replaced) this.#votes.forget(machine.id, storeId);
        else this.#votes.opened(machine.id, term, vote, storeId);
        this.logs.opened(machine, node.raftStatus, storeId, replaced);
        this.state.opened(machine, node);
      },
      touched: (machine) => this.#touched.add(machine),
      ended: (machine) => {
        this.logs.ended(machine);
        this.#predicted?.ended(machine);
        for (const client of this.#clients) client.machineClosed(`${machine.id}:client`);
        for (const watch of this.#watches) watch.machineClosed();
      },
      failed: (machine, code, text, opening) => this.#failed(machine, code, text, opening),
    };
  }

  #logged(machine: Machine, event: NodeEvent, fields: NodeEventFields): void {
    this.integrity.logged(machine, event, fields);
    if (this.#ended.size === 0) this.topology.logged(machine, event, fields);
    if (event === 'forced') this.forced(machine);
  }

  /** A process ended itself. Fine after a fault that explains it; a bug otherwise. */
  #failed(machine: Machine, code: string | null, text: string, opening: boolean): void {
    if (code === null) this.#findings.report('no-exception', `${machine.id}: ${text}`);
    else if (code === 'member-removed') {
      if (!this.removals.has(machine.id))
        this.#findings.report('stays-member', `${machine.id} stops, but nobody asked for its removal`);
      machine.idle = true;
      return;
    } else if (code === 'data-damaged' || code === 'data-unreadable') {
      const check = this.spoiled.has(machine) ? 'damage-is-repaired' : 'undamaged-data-opens';
      this.#findings.report(check, `${machine.id}: ${text}`);
    } else if (code !== 'storage-failed' && !(code === 'disk-full' && opening)) {
      this.#findings.report('no-exception', `${machine.id}: ${new TanistError(code as never, text).message}`);
    }
    this.scheduler.after(restartMs, () => machine.start());
  }
}

function addressesOf(
  id: NodeId,
): Pick<NodeOptions['members'][number], 'id' | 'clientAddress' | 'peerAddress' | 'httpAddress'> {
  return { id, clientAddress: `${id}:client`, peerAddress: `${id}:1`, httpAddress: '' };
}
