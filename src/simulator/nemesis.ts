import { unreachable } from '../foundation/assert.ts';
import { seededRandom } from '../foundation/random.ts';
import type { Cluster } from './cluster.ts';
import type { Machine } from './machine.ts';
import { describeFault, type Fault, type Target } from './plan/fault.ts';
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
    for (const index of plan.fragile) {
      const machine = this.#cluster.machines[index];
      if (machine === undefined) continue;
      scheduler.at(plan.safetyMs * 0.25, () => this.#oldDisks.set(machine, machine.disk.copy()));
    }
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
        return this.#with(fault.target, (machine) => this.#crash(machine, false, fault.forMs));
      case 'powerLoss':
        return this.#with(fault.target, (machine) => this.#crash(machine, true, fault.forMs));
      case 'powerLossOfAll':
        for (const machine of machines)
          this.#crash(machine, true, fault.forMs * (0.2 + 0.2 * machines.indexOf(machine)));
        return;
      case 'stop':
        return this.#with(fault.target, (machine) => {
          machine.stop().finally(() => this.#later(fault.forMs, () => machine.start()));
        });
      case 'pause':
        return this.#with(fault.target, (machine) => {
          machine.pause();
          this.#later(fault.forMs, () => machine.resume());
        });
      case 'isolate':
        return this.#with(fault.target, (machine) => this.#isolate(machine, fault.way, fault.forMs));
      case 'halves':
        return this.#halves(fault.seed, fault.forMs);
      case 'dropConnections':
        return this.#with(fault.target, (machine) => {
          for (const other of machines) if (other !== machine) network.drop(machine.id, other.id);
        });
      case 'slowLinks':
        return this.#with(fault.target, (machine) => this.#slow(machine, fault.extraMs, fault.forMs));
      case 'slowSync':
        return this.#with(fault.target, ({ disk }) => {
          const before = disk.weather.syncMs;
          disk.weather.syncMs = fault.syncMs;
          this.#later(fault.forMs, () => {
            disk.weather.syncMs = before;
          });
        });
      case 'fullDisk':
        return this.#with(fault.target, ({ disk }) => {
          disk.weather.full = true;
          this.#later(fault.forMs, () => {
            disk.weather.full = false;
          });
        });
      case 'failedSync':
        return this.#with(fault.target, ({ disk }) => {
          disk.weather.failNextSync = true;
        });
      case 'clockJump':
        return this.#with(fault.target, ({ time }) => {
          time.wallOffsetMs += fault.byMs;
        });
      case 'handOver':
        return this.#with({ kind: 'leader' }, ({ node, life }) => {
          life?.enter(() => {
            node?.transfer(null).catch(() => {});
          });
        });
      case 'emptyDisk':
        return this.#spoil(fault.forMs, ({ disk }) => disk.wipe());
      case 'oldDisk':
        return this.#spoil(fault.forMs, (machine) => {
          const old = this.#oldDisks.get(machine);
          if (old !== undefined) machine.disk.restore(old);
        });
      case 'bitFlip':
        return this.#spoil(fault.forMs, ({ id, disk }) => {
          const where = disk.flipBit(fault.database);
          network.trace.event(id, 'bit flipped', () => String(where));
        });
      default:
        return unreachable(fault);
    }
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

  #crash(machine: Machine, power: boolean, forMs: number): void {
    machine.crash(power);
    this.#later(forMs, () => machine.start());
  }

  #spoil(forMs: number, act: (machine: Machine) => void): void {
    const { plan, machines } = this.#cluster;
    const index = plan.fragile[Math.floor(forMs * 1000) % Math.max(1, plan.fragile.length)];
    const machine = index === undefined ? undefined : machines[index];
    if (machine === undefined) return;
    machine.crash(true);
    this.#cluster.spoiled.add(machine);
    act(machine);
    this.#later(forMs, () => machine.start());
  }

  #isolate(machine: Machine, way: 'both' | 'in' | 'out', forMs: number): void {
    const { machines, network } = this.#cluster;
    const ways: (readonly [string, string])[] = [];
    const others = [
      ...machines.filter((other) => other !== machine).map(({ id }) => id as string),
      'c0',
      'c1',
    ];
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
