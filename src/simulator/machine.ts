import { AssertionError } from '../foundation/assert.ts';
import { isErrorCode, TanistError } from '../foundation/errors.ts';
import { type NodeId, nodeId } from '../foundation/ids.ts';
import type { Random } from '../foundation/random.ts';
import type { TanistNode } from '../node/node.ts';
import { openNode } from '../node/open-node.ts';
import type { NodeObserver, NodeOptions } from '../node/options.ts';
import type { Clock } from '../ports/clock.ts';
import type { MemberFacts } from '../ports/membership.ts';
import type { NodeEvent, NodeEventFields, NodeLog } from '../ports/node-log.ts';
import type { PredictionSource } from '../ports/prediction.ts';
import type { Tier } from '../ports/tier.ts';
import { DurableLog } from './checks/durable-log.ts';
import { Member } from './tiers/member.ts';
import type { TierWorld } from './tiers/tier-world.ts';
import { Forecaster } from './workload/forecaster.ts';
import { Life } from './world/life.ts';
import type { Network } from './world/network.ts';
import { type MachineTime, nodeClock, quickTurnMs, slicedTurnMs } from './world/node-clock.ts';
import { SimDisk } from './world/sim-disk.ts';
import { SimTransport } from './world/sim-transport.ts';

/** What the checks want to hear of a machine. */
export interface MachineEvents {
  readonly observer: (machine: Machine) => NodeObserver;
  /** A node is there: from this on it may be inspected. */
  readonly opened: (machine: Machine, node: TanistNode) => void;
  /** It ran: look at it after this step. */
  readonly touched: (machine: Machine) => void;
  readonly ended: (machine: Machine) => void;
  readonly logged: (machine: Machine, event: NodeEvent, fields: NodeEventFields) => void;
  /** The process could not go on. `code` null: a broken invariant or another bug. `opening`: it had not come up yet. */
  readonly failed: (machine: Machine, code: string | null, text: string, opening: boolean) => void;
}

/** A computer: disk and clocks that outlive its processes, and at most one process. */
export class Machine {
  readonly id: NodeId;
  readonly disk: SimDisk;
  /** What the disk holds of the log, for checks. */
  readonly log: DurableLog;
  readonly time: MachineTime;
  readonly #network: Network;
  readonly #options: NodeOptions;
  readonly #random: Random;
  readonly #events: MachineEvents;
  readonly #tiers: { readonly world: TierWorld; readonly tier: Tier } | null;
  readonly #predictions: PredictionSource | null;
  /** It is not there yet, or not any more: nothing starts it. */
  idle = false;
  #life: Life | null = null;
  #node: TanistNode | null = null;
  #member: Member | null = null;
  #starts = 0;

  constructor(parts: {
    readonly network: Network;
    readonly options: NodeOptions;
    readonly time: MachineTime;
    readonly random: Random;
    readonly events: MachineEvents;
    /** Where there are replicas beyond the quorum: what its config says. */
    readonly tiers: { readonly world: TierWorld; readonly tier: Tier } | null;
    /** Whether it predicts when it takes over. */
    readonly predicts: boolean;
  }) {
    this.id = parts.options.id;
    this.time = parts.time;
    this.#network = parts.network;
    this.#options = parts.options;
    this.#random = parts.random;
    this.#events = parts.events;
    this.#tiers = parts.tiers;
    this.#predictions = parts.predicts
      ? new Forecaster(() => this.#node?.state ?? null, parts.random.fork('forecaster'))
      : null;
    this.disk = new SimDisk(parts.network.scheduler, parts.random.fork('disk'));
    this.log = new DurableLog(this.disk);
  }

  get #turnMs(): number {
    return this.#options.keysPerSlice === undefined ? quickTurnMs : slicedTurnMs;
  }

  /** The running node, open or paused; null while there is none. */
  get node(): TanistNode | null {
    return this.#node;
  }

  /** How often a process was started. */
  get starts(): number {
    return this.#starts;
  }

  /** What its process is where there are tiers. */
  get member(): Member | null {
    return this.#member;
  }

  get life(): Life | null {
    return this.#life;
  }

  get running(): boolean {
    return this.#life !== null;
  }

  start(): void {
    if (this.#life !== null || this.idle) return;
    const { scheduler, trace } = this.#network;
    const random = this.#random.fork(`start ${this.#starts++}`);
    const life = new Life(
      this.id,
      scheduler,
      (error) => this.#broke(life, error),
      () => this.#events.touched(this),
    );
    this.#life = life;
    trace.event(this.id, 'starts');
    const clock = nodeClock(scheduler, life, this.time, random.fork('clock'), this.#turnMs);
    let opened = 0;
    const openHot = (): Promise<TanistNode> =>
      this.#openHot(life, clock, random.fork(opened++ === 0 ? 'node' : `node ${opened}`));
    const failed = (error: unknown): void => this.#broke(life, error);
    if (this.#tiers === null) {
      openHot().then((node) => {
        if (life.dead) return undefined;
        node.onFailure(failed);
        return node.start().catch(failed);
      }, failed);
      return;
    }
    const { world, tier } = this.#tiers;
    const { disk, id } = this;
    const hotStopped = (node: TanistNode): void => this.#hotStopped(node);
    const nodeLog = this.#nodeLog();
    const member = new Member({ world, id, tier, life, clock, random, nodeLog, disk, openHot, hotStopped });
    this.#member = member;
    member.supervisor.failed.then(failed);
    member.supervisor.start().catch(failed);
  }

  async #openHot(life: Life, clock: Clock, random: Random): Promise<TanistNode> {
    const peers = this.#options.members.map((member) => member.id).filter((id) => id !== this.id);
    const node = await openNode(this.#options, {
      clock,
      random,
      disk: this.disk.port(life),
      nodeLog: this.#nodeLog(),
      transport: (handler, identity) => new SimTransport(this.#network, life, handler, identity, peers),
      observer: this.#events.observer(this),
      ...(this.#predictions === null ? {} : { predictions: this.#predictions }),
    });
    if (life.dead) return node;
    this.#node = node;
    this.#events.opened(this, node);
    return node;
  }

  /** It is of another tier from now on. */
  #hotStopped(node: TanistNode): void {
    if (this.#node !== node) return;
    this.#node = null;
    this.#events.ended(this);
  }

  /** The process ends at once; with `power` the machine loses what it had not synced. */
  crash(power: boolean): void {
    const life = this.#life;
    if (life === null) return;
    this.#network.trace.event(this.id, power ? 'loses power' : 'is killed');
    life.end();
    this.#life = null;
    this.#node = null;
    this.#member = null;
    this.disk.crash(power);
    this.#network.closed(this.id);
    this.#events.ended(this);
  }

  /** The orderly way; the process is gone when it resolves. */
  async stop(): Promise<void> {
    const life = this.#life;
    const running = this.#member === null ? this.#node : this.#member.supervisor;
    if (life === null || running === null) return;
    this.#network.trace.event(this.id, 'is told to stop');
    await running.stop().catch((error: unknown) => this.#broke(life, error));
    if (this.#life === life) this.crash(false);
  }

  pause(): void {
    this.#network.trace.event(this.id, 'is frozen');
    this.#life?.pause();
  }

  resume(): void {
    if (this.#life?.paused !== true) return;
    this.#network.trace.event(this.id, 'goes on');
    this.#life.resume();
  }

  /** An operating error ends the process; anything else is a bug. */
  #broke(life: Life, error: unknown): void {
    if (life.dead || this.#life !== life) return;
    const code = error instanceof TanistError && isErrorCode(error.code) ? error.code : null;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const what = error instanceof AssertionError ? 'assertion' : (code ?? 'exception');
    this.#network.trace.event(this.id, 'fails', () => `${what}: ${text}`);
    const opening = this.#node === null && (this.#member?.beyond ?? null) === null;
    this.crash(false);
    this.#events.failed(this, code, text, opening);
  }

  #nodeLog(): NodeLog {
    const { trace } = this.#network;
    const line =
      (level: string): NodeLog['info'] =>
      (event, fields) => {
        trace.event(this.id, event, () => `${level} ${JSON.stringify(fields ?? {})}`);
        this.#events.logged(this, event, fields ?? {});
      };
    return { info: line(''), warn: line('warn'), error: line('error') };
  }
}

export const idOf = (index: number): NodeId => nodeId(`n${index}`);

export function factsOfMachine(
  id: NodeId,
  tier: Tier = 'hot',
  labels: MemberFacts['labels'] = {},
): MemberFacts {
  return {
    id,
    name: id,
    peer: `${id}:1`,
    client: `${id}:client`,
    http: '',
    tier,
    labels,
  };
}
