import { unreachable } from '../foundation/assert.ts';
import { TanistError } from '../foundation/errors.ts';
import type { NodeId } from '../foundation/ids.ts';
import { seededRandom } from '../foundation/random.ts';
import type { Cluster } from './cluster.ts';
import type { Machine } from './machine.ts';
import { describeFault, type Fault, type Target } from './plan/fault.ts';
import type { MembershipChange } from './plan/membership.ts';
import { PolicyChanges } from './tiers/policy-changes.ts';
import { TierWishes } from './tiers/tier-changes.ts';
import { Turnover } from './turnover.ts';
import type { DatabaseFiles } from './world/sim-database.ts';

/** Makes the planned faults happen, and at the end of the safety phase undoes what lasts. */
export class Nemesis {
  readonly #cluster: Cluster;
  readonly #oldDisks = new Map<Machine, ReadonlyMap<string, DatabaseFiles>>();
  #calm = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  start(): void {
    const { scheduler, plan } = this.#cluster;
    for (const fault of plan.faults) {
      scheduler.at(fault.atMs, () => {
        if (!this.#calm) this.#strike(fault);
      });
    }
    for (const change of plan.membership) {
      scheduler.at(change.atMs, () => {
        if (!this.#calm) this.#changeMembers(change);
      });
    }
    const wishes = new TierWishes(this.#cluster, this.#cluster.random.fork('wishes'));
    const policies = new PolicyChanges(this.#cluster, this.#cluster.random.fork('policies'));
    const { joiners, everyMs } = plan.turnover;
    const turnover = new Turnover(this.#cluster, this.#cluster.random.fork('turnover'));
    for (let atMs = 300; joiners > 0 && atMs < plan.safetyMs; atMs += everyMs) {
      scheduler.at(atMs, () => {
        if (!this.#calm) turnover.step();
      });
    }
    this.#everyMs(plan.tiers.changeEveryMs, () => wishes.step());
    this.#everyMs(plan.tiers.policyEveryMs, () => policies.step());
    for (const index of plan.fragile) {
      const machine = this.#cluster.machines[index];
      if (machine === undefined) continue;
      scheduler.at(plan.safetyMs * 0.25, () => this.#oldDisks.set(machine, machine.disk.copy()));
    }
  }

  #everyMs(everyMs: number, act: () => void): void {
    const { scheduler, plan } = this.#cluster;
    for (let atMs = 250; everyMs > 0 && atMs < plan.safetyMs; atMs += everyMs)
      scheduler.at(atMs, () => {
        if (!this.#calm) act();
      });
  }

  /** The liveness phase: everything works again. */
  calm(): void {
    const { network, machines } = this.#cluster;
    this.#calm = true;
    network.heal();
    for (const machine of machines) {
      Object.assign(machine.disk.weather, {
        syncMs: 0.2,
        syncJitterMs: 0.3,
        full: false,
        readErrors: 0,
        failNextSync: false,
      });
      machine.resume();
      machine.start();
    }
  }

  #strike(fault: Fault): void {
    const { network, machines } = this.#cluster;
    network.trace.event('FAULT', fault.kind, () => describeFault(fault));
    switch (fault.kind) {
      case 'kill':
        this.#with(fault.target, (machine) => this.#crash(machine, false, fault.forMs));
        break;
      case 'powerLoss':
        this.#with(fault.target, (machine) => this.#crash(machine, true, fault.forMs));
        break;
      case 'powerLossOfAll':
        for (const machine of machines)
          this.#crash(machine, true, fault.forMs * (0.2 + 0.2 * machines.indexOf(machine)));
        return;
      case 'stop':
        this.#with(fault.target, (machine) => {
          machine.stop().finally(() => {
            if (this.#calm) machine.start();
            else this.#later(fault.forMs, () => machine.start());
          });
        });
        break;
      case 'pause':
        this.#with(fault.target, (machine) => {
          machine.pause();
          this.#later(fault.forMs, () => machine.resume());
        });
        break;
      case 'isolate':
        this.#with(fault.target, (machine) => this.#isolate(machine, fault.way, fault.clients, fault.forMs));
        break;
      case 'halves':
        this.#halves(fault.seed, fault.forMs);
        break;
      case 'dropConnections':
        this.#with(fault.target, (machine) => {
          for (const other of machines) if (other !== machine) network.drop(machine.id, other.id);
        });
        break;
      case 'slowLinks':
        this.#with(fault.target, (machine) => this.#slow(machine, fault.extraMs, fault.forMs));
        break;
      case 'slowSync':
        this.#with(fault.target, ({ disk }) => {
          const before = disk.weather.syncMs;
          disk.weather.syncMs = fault.syncMs;
          this.#later(fault.forMs, () => {
            disk.weather.syncMs = before;
          });
        });
        break;
      case 'fullDisk':
        this.#with(fault.target, ({ disk }) => {
          disk.weather.full = true;
          this.#later(fault.forMs, () => {
            disk.weather.full = false;
          });
        });
        break;
      case 'failedSync':
        this.#with(fault.target, ({ disk }) => {
          disk.weather.failNextSync = true;
        });
        break;
      case 'clockJump':
        this.#with(fault.target, ({ time }) => {
          time.wallOffsetMs += fault.byMs;
        });
        break;
      case 'handOver':
        this.#with({ kind: 'leader' }, ({ node, life }) => {
          life?.enter(() => {
            node?.transfer(null).catch(() => {});
          });
        });
        break;
      case 'emptyDisk':
        this.#spoil('replaced', fault.forMs, (machine) => {
          if (this.#noticed(machine, 1, Number.POSITIVE_INFINITY)) machine.disk.wipe();
        });
        break;
      case 'oldDisk':
        this.#spoil('replaced', fault.forMs, (machine) => {
          const old = this.#oldDisks.get(machine);
          if (old === undefined) return;
          this.#cluster.integrity.oldDisk(machine);
          const present = machine.disk.copy();
          machine.disk.restore(old);
          const { log } = machine;
          if (!this.#noticed(machine, log.bootCounter() + 1, log.last())) machine.disk.restore(present);
        });
        break;
      case 'bitFlip':
        this.#spoil('damaged', fault.forMs, ({ id, disk }) => {
          const where = disk.flipBit(fault.database);
          network.trace.event(id, 'bit flipped', () => String(where));
        });
        break;
      case 'misdirected':
        this.#spoil('damaged', fault.forMs, ({ id, disk }) => {
          const where = disk.misdirect(fault.database);
          network.trace.event(id, 'row misdirected', () => String(where));
        });
        break;
      case 'rot': {
        const machine = this.#fragile(fault.forMs);
        if (machine === undefined) break;
        const { spoiled } = this.#cluster;
        if (spoiled.get(machine) !== 'replaced') spoiled.set(machine, 'damaged');
        this.#cluster.logs.lostDisk(machine);
        const where = machine.disk.rot(fault.database);
        network.trace.event(machine.id, 'bit rots', () => String(where));
        break;
      }
      case 'diverge': {
        const machine = this.#fragile(fault.forMs);
        if (machine !== undefined) this.#cluster.integrity.diverge(machine);
        break;
      }
      case 'zoneLoss':
        this.#loseZone(fault);
        break;
      case 'zoneDelays':
        network.zoneDelays = fault.delays;
        break;
      case 'tierDamage':
      case 'tierRot':
        this.#damageBeyond(fault);
        break;
      default:
        unreachable(fault);
    }
  }

  #loseZone({ zone, how, forMs }: Extract<Fault, { readonly kind: 'zoneLoss' }>): void {
    const { machines, network, plan } = this.#cluster;
    const isThere = (_: Machine, index: number): boolean => plan.topology.zones[index] === zone;
    const there = machines.filter(isThere);
    if (how === 'power') {
      for (const machine of there) this.#crash(machine, true, forMs);
      return;
    }
    const ways: (readonly [string, string])[] = [];
    for (const { id } of there)
      for (const other of machines) if (!there.includes(other)) ways.push([id, other.id], [other.id, id]);
    this.#block(ways, forMs, network);
  }

  #with(target: Target, act: (machine: Machine) => void): void {
    const machine = this.#choose(target);
    if (machine !== null) act(machine);
  }

  #choose(target: Target): Machine | null {
    const { machines, scheduler } = this.#cluster;
    const leader = this.#cluster.leader();
    switch (target.kind) {
      case 'leader':
        return leader;
      case 'follower': {
        const followers = machines.filter((machine) => machine !== leader);
        return followers[Math.floor(scheduler.nowMs * 1000) % Math.max(1, followers.length)] ?? null;
      }
      case 'node':
        return machines[target.index] ?? null;
    }
  }

  /** Refused at most of the time that something else is under way: then the next change is tried. */
  #changeMembers({ voters }: MembershipChange): void {
    const { machines, network, plan } = this.#cluster;
    const leader = this.#cluster.leader();
    if (leader === null) return;
    const alone = machines.indexOf(leader);
    if (voters === 'leader' && plan.fragile.includes(alone)) return;
    const chosen = voters === 'leader' ? [alone] : voters;
    const ids = (voting: boolean): readonly NodeId[] =>
      machines
        .slice(0, plan.nodes)
        .filter((_, index) => chosen.includes(index) === voting)
        .map(({ id }) => id);
    network.trace.event('CHANGE', 'members', () => `voters ${ids(true).join(', ')} asked of ${leader.id}`);
    leader.life?.enter(() => {
      try {
        leader.node?.changeMembers(ids(true), ids(false));
      } catch (error) {
        if (!(error instanceof TanistError)) throw error;
      }
    });
  }

  #crash(machine: Machine, power: boolean, forMs: number): void {
    machine.crash(power);
    this.#later(forMs, () => machine.start());
  }

  #fragile(draw: number): Machine | undefined {
    const { plan, machines } = this.#cluster;
    const index = plan.fragile[Math.floor(draw * 1000) % Math.max(1, plan.fragile.length)];
    return index === undefined ? undefined : machines[index];
  }

  /** Only while it is no part of the quorum: there nothing is promised of a disk. */
  #damageBeyond(fault: Extract<Fault, { readonly kind: 'tierDamage' | 'tierRot' }>): void {
    const machine = this.#cluster.machines[fault.index];
    if (machine === undefined || machine.disk.durable('log') !== undefined) return;
    const { id, disk } = machine;
    const { trace } = this.#cluster.network;
    if (fault.kind === 'tierRot') {
      const where = disk.rot(fault.database);
      trace.event(id, 'bit rots', () => String(where));
      return;
    }
    machine.crash(true);
    if (fault.how === 'empty') disk.wipe();
    else {
      const where = fault.how === 'bitFlip' ? disk.flipBit(fault.database) : disk.misdirect(fault.database);
      trace.event(id, fault.how, () => String(where));
    }
    this.#later(fault.forMs, () => machine.start());
  }

  #spoil(how: 'replaced' | 'damaged', forMs: number, act: (machine: Machine) => void): void {
    const machine = this.#fragile(forMs);
    if (machine === undefined) return;
    machine.crash(true);
    const { spoiled } = this.#cluster;
    if (spoiled.get(machine) !== 'replaced') spoiled.set(machine, how);
    this.#cluster.logs.lostDisk(machine);
    act(machine);
    this.#later(forMs, () => machine.start());
  }

  /** An old disk is known to those who met a boot that it lost, or know of an entry that it lost (promise 6). */
  #noticed(machine: Machine, bootCounter: number, last: number): boolean {
    const { machines, plan } = this.#cluster;
    const hot = plan.nodes + plan.turnover.joiners;
    return machines.every(
      ({ id, log, disk }, index) =>
        id === machine.id ||
        (index >= hot && disk.durable('log') === undefined) ||
        log.remembered(machine.id) >= bootCounter ||
        log.rememberedLast(machine.id) > last,
    );
  }

  #isolate(machine: Machine, way: 'both' | 'in' | 'out', clients: readonly string[], forMs: number): void {
    const { machines, network } = this.#cluster;
    const ways: (readonly [string, string])[] = [];
    const peers = machines.filter((other) => other !== machine).map(({ id }) => id as string);
    const others = [...peers, ...clients];
    for (const other of others) {
      if (way !== 'out') ways.push([other, machine.id]);
      if (way !== 'in') ways.push([machine.id, other]);
    }
    this.#block(ways, forMs, network);
  }

  #halves(seed: number, forMs: number): void {
    const { machines, network } = this.#cluster;
    const random = seededRandom(seed);
    const side = new Map(machines.map(({ id }) => [id as string, random.chance(0.5)]));
    const ways: (readonly [string, string])[] = [];
    for (const [a, of] of side) for (const [b, other] of side) if (of !== other) ways.push([a, b]);
    this.#block(ways, forMs, network);
  }

  #block(ways: readonly (readonly [string, string])[], forMs: number, network: Cluster['network']): void {
    for (const [from, to] of ways) network.block(from, to);
    this.#later(forMs, () => {
      for (const [from, to] of ways) network.unblock(from, to);
    });
  }

  #slow(machine: Machine, extraMs: number, forMs: number): void {
    const { machines, network } = this.#cluster;
    const set = (ms: number): void => {
      for (const { id } of machines) {
        network.slow(machine.id, id, ms);
        network.slow(id, machine.id, ms);
      }
    };
    set(extraMs);
    this.#later(forMs, () => set(0));
  }

  /** The end of a fault; `calm` has ended it already if it comes after the safety phase. */
  #later(delayMs: number, act: () => void): void {
    this.#cluster.scheduler.after(delayMs, () => {
      if (!this.#calm) act();
    });
  }
}
