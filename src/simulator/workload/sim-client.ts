import { defaultSessionOptions } from '../../client/core/options.ts';
import type { PendingCommand, PendingRead } from '../../client/core/pending.ts';
import { SessionCore } from '../../client/core/session-core.ts';
import type { Random } from '../../foundation/random.ts';
import type { Command, RangeRequest } from '../../ports/command.ts';
import type { Machine } from '../machine.ts';
import type { Life } from '../world/life.ts';
import type { Network } from '../world/network.ts';
import type { Scheduled } from '../world/scheduler.ts';
import { Channel } from './channel.ts';
import { ServedSession } from './served-session.ts';

/** What became of a call. */
export interface Settlement {
  command(pending: PendingCommand<Settlement | null>): void;
  read(pending: PendingRead<Settlement | null>): void;
  early(): void;
}

interface Connection {
  readonly number: number;
  readonly address: string;
  readonly machine: Machine;
  readonly up: Channel;
  readonly down: Channel;
  /** At the node: the process, and once it has taken the stream its session. */
  readonly end: { life: Life | null; session: ServedSession | null };
  heardMs: number;
}

const reconnectMs = 15;
/** As the client library's channels have it: a peer that vanished without a word is found by asking. */
const keepAliveMs = 2000;

/** A client of the native protocol: the production session core over the simulated network. */
export class SimClient {
  readonly name: string;
  readonly core: SessionCore<Settlement | null>;
  readonly #network: Network;
  readonly #machines: ReadonlyMap<string, Machine>;
  readonly #random: Random;
  #connection: Connection | null = null;
  #wake: Scheduled | null = null;
  #flushDue = false;
  #probing = new Set<string>();

  constructor(parts: {
    readonly name: string;
    readonly network: Network;
    /** By client address. */
    readonly machines: ReadonlyMap<string, Machine>;
    readonly sessionTtlMs: number;
    readonly random: Random;
  }) {
    this.name = parts.name;
    this.#network = parts.network;
    this.#machines = parts.machines;
    this.#random = parts.random;
    const options = { ...defaultSessionOptions, sessionTtlMs: parts.sessionTtlMs, batchesInFlight: 2 };
    this.core = new SessionCore([...parts.machines.keys()], options, parts.random.fork('core'), null);
  }

  get nowMs(): number {
    return this.#network.scheduler.nowMs;
  }

  command(command: Command, deadlineMs: number, wantsEarly: boolean, settlement: Settlement): void {
    this.core.submit(command, this.nowMs + deadlineMs, wantsEarly, settlement);
    this.#flushSoon();
  }

  read(range: RangeRequest, serializable: boolean, deadlineMs: number, settlement: Settlement): void {
    const how = { kind: serializable ? 'serializable' : 'linearizable' } as const;
    this.core.read(range, how, this.nowMs + deadlineMs, settlement);
    this.#flushSoon();
  }

  /** The machine's process is gone; seen here if the way is open. */
  machineClosed(address: string): void {
    const machine = this.#machines.get(address);
    if (machine === undefined) return;
    const delayMs = this.#network.delayMs(machine.id, this.name) + this.#random.next() * 3;
    this.#network.scheduler.after(delayMs, () => {
      if (!this.#network.blocked(machine.id, this.name)) this.#linkDown(address, 'closed');
    });
  }

  #flushSoon(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    this.#network.scheduler.after(0.01, () => this.#flush());
  }

  #flush(): void {
    this.#flushDue = false;
    const ready = this.core.ready(this.nowMs);
    if (this.#connection !== null && ready.stream !== this.#connection.number) this.#disconnect();
    if (ready.open) this.#open(ready.address, ready.stream);
    const connection = this.#connection;
    if (connection !== null) {
      for (const batch of ready.batches) {
        connection.up.send(() => this.#serve(connection, (session) => session.batch(batch)));
      }
      if (ready.reads.length > 0) {
        const reads = ready.reads.map(({ id, range, serializable }) => ({ id, range, serializable }));
        connection.up.send(() => this.#serve(connection, (session) => session.reads(reads)));
      }
    }
    for (const pending of ready.early) pending.tag?.early();
    for (const pending of ready.settled) pending.tag?.command(pending);
    for (const read of ready.settledReads) read.tag?.read(read);
    this.#arm();
  }

  /** What arrives at the node's end; a process that is gone resets the connection. */
  #serve(connection: Connection, act: (session: ServedSession) => void): void {
    const { life } = connection.end;
    if (life === null || life.dead) {
      this.#network.scheduler.after(this.#network.delayMs(connection.machine.id, this.name), () => {
        if (this.#connection === connection) this.#linkDown(connection.address, 'reset');
      });
      return;
    }
    life.enter(() => {
      if (connection.end.session !== null) act(connection.end.session);
    });
  }

  #open(address: string, number: number): void {
    const machine = this.#machines.get(address);
    if (machine === undefined) return;
    const lost = (): void => this.#linkDown(address, 'no answer');
    const up = new Channel(this.#network, this.name, machine.id, lost);
    const down = new Channel(this.#network, machine.id, this.name, lost);
    const end: Connection['end'] = { life: null, session: null };
    const connection: Connection = { number, address, machine, up, down, end, heardMs: this.nowMs };
    this.#connection = connection;
    this.#keepAlive(connection);
    up.send(() => {
      const { node, life } = machine;
      if (node === null || life === null) {
        down.send(() => {
          if (this.#connection === connection) this.#linkDown(address, 'refused');
        });
        return;
      }
      end.life = life;
      life.enter(() => {
        end.session = new ServedSession(node, (reply) => {
          down.send(() => {
            if (this.#connection !== connection) return;
            connection.heardMs = this.nowMs;
            this.core.received(number, reply, this.nowMs);
            this.#flush();
          });
        });
      });
    });
  }

  #keepAlive(connection: Connection): void {
    this.#network.scheduler.after(keepAliveMs, () => {
      if (this.#connection !== connection) return;
      if (this.nowMs - connection.heardMs >= keepAliveMs)
        connection.up.send(() => this.#serve(connection, () => {}));
      this.#keepAlive(connection);
    });
  }

  #disconnect(): void {
    const connection = this.#connection;
    if (connection === null) return;
    this.#connection = null;
    connection.up.close();
    connection.down.close();
    connection.end.session?.close();
  }

  #linkDown(address: string, why: string): void {
    const connection = this.#connection;
    if (connection?.address === address) {
      this.#disconnect();
      this.core.streamLost(connection.number, why, this.nowMs);
    }
    this.core.linkDown(address, this.nowMs);
    this.#reconnect(address);
    this.#flush();
  }

  /** Tries until the address answers, then says that the link is up. */
  #reconnect(address: string): void {
    if (this.#probing.has(address)) return;
    this.#probing.add(address);
    const machine = this.#machines.get(address);
    if (machine === undefined) return;
    const attempt = (): void => {
      const reachable =
        machine.node !== null &&
        machine.life?.paused === false &&
        !this.#network.blocked(this.name, machine.id) &&
        !this.#network.blocked(machine.id, this.name);
      if (!reachable) {
        this.#network.scheduler.after(reconnectMs * (0.5 + this.#random.next()), attempt);
        return;
      }
      this.#probing.delete(address);
      this.core.linkUp(address);
      this.#flush();
    };
    this.#network.scheduler.after(reconnectMs * this.#random.next(), attempt);
  }

  #arm(): void {
    const atMs = this.core.wakeAtMs();
    if (this.#wake !== null && this.#wake.act !== null && this.#wake.atMs <= atMs) return;
    if (this.#wake !== null) this.#wake.act = null;
    this.#wake = null;
    if (atMs === Number.POSITIVE_INFINITY) return;
    const event = this.#network.scheduler.at(Math.max(atMs, this.nowMs + 0.05), () => {
      event.act = null;
      this.core.tick(this.nowMs);
      this.#flush();
    });
    this.#wake = event;
  }
}
