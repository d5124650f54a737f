import { connect, type Socket } from 'node:net';
import { splitAddress } from '../../../foundation/address.ts';
import type { Shape } from '../../target.ts';
import { Connection, type Surroundings } from './connection.ts';
import { Door } from './door.ts';
import type { Order, Way } from './orders.ts';
import { processAt } from './process-at.ts';

/** Between two looks whether a member that listened no more listens again. */
const lookMs = 10;
const dialMs = 5000;

/**
 * All ways between the members. It stands in for them in this, too: a way to a member that listens no more is refused, as the member's own kernel would, before the
 * others hear that their connections to it are gone; without that a killed process would look like a frozen one.
 */
export class Switchboard implements Surroundings {
  readonly #doors: { readonly way: Way; readonly door: Door }[] = [];
  readonly #shapes = new Map<string, Shape>();
  readonly #connections = new Set<Connection>();
  readonly #looks = new Map<string, Promise<void>>();
  readonly #pids = new Map<number, string>();
  /** Members that listen no more. */
  readonly #gone = new Set<string>();
  #isClosed = false;

  /** Errors: `port-taken`. */
  async follow(order: Order): Promise<void> {
    switch (order.kind) {
      case 'open':
        for (const way of order.ways)
          this.#doors.push({ way, door: new Door(way.port, (socket) => void this.#enter(way, socket)) });
        await Promise.all(this.#doors.map(({ door }) => door.open()));
        return;
      case 'shape':
        this.#shapes.set(key(order.from, order.to), order.shape);
        await this.#reshaped();
        return;
      case 'heal':
        this.#shapes.clear();
        await this.#reshaped();
        return;
      case 'process':
        for (const [pid, id] of this.#pids) if (id === order.id) this.#pids.delete(pid);
        this.#pids.set(order.pid, order.id);
    }
  }

  shape(from: string, to: string): Shape {
    return this.#shapes.get(key(from, to)) ?? {};
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection);
  }

  hungUp(member: string): Promise<void> {
    if (this.#gone.has(member)) return Promise.resolve();
    const before = this.#looks.get(member);
    if (before !== undefined) return before;
    const look = this.#look(member).finally(() => this.#looks.delete(member));
    this.#looks.set(member, look);
    return look;
  }

  close(): void {
    this.#isClosed = true;
    for (const { door } of this.#doors) door.close();
    for (const connection of this.#connections) connection.destroy();
  }

  async #look(member: string): Promise<void> {
    const way = this.#doors.find((entry) => entry.way.to === member)?.way;
    if (way === undefined || (await knock(way.target)) !== 'refused' || this.#isClosed) return;
    this.#gone.add(member);
    this.#attend(member);
    void this.#awaitReturn(member, way.target);
  }

  async #awaitReturn(member: string, target: string): Promise<void> {
    while (!this.#isClosed && (await knock(target)) !== 'open')
      await new Promise((resolve) => setTimeout(resolve, lookMs).unref());
    this.#gone.delete(member);
    if (!this.#isClosed) this.#attend(member);
  }

  /** Doors to a member are open while it listens, or while nothing would come back from there. */
  #attend(member: string | null): void {
    for (const { way, door } of this.#doors) {
      if (member !== null && way.to !== member) continue;
      const isWanted = !this.#gone.has(way.to) || this.#isSilent(way);
      if (!isWanted) door.close();
      // It was open before, out of a range that is this process's own.
      else if (!door.isOpen) door.open().catch(() => undefined);
    }
  }

  #isSilent({ from, to }: Way): boolean {
    if (from !== null) return this.shape(from, to).cut === true || this.shape(to, from).cut === true;
    return [...this.#shapes].some(([pair, { cut }]) => cut === true && pair.split(' ').includes(to));
  }

  async #reshaped(): Promise<void> {
    for (const connection of [...this.#connections]) connection.reshape();
    this.#attend(null);
  }

  async #enter(way: Way, socket: Socket): Promise<void> {
    socket.on('error', () => undefined);
    const from = way.from ?? (await this.#callerOf(socket));
    if (from === null) socket.destroy();
    else this.#connections.add(new Connection({ from, to: way.to, target: way.target }, socket, this));
  }

  async #callerOf(socket: Socket): Promise<string | null> {
    const { remotePort, localPort } = socket;
    if (remotePort === undefined || localPort === undefined) return null;
    const pid = await processAt(remotePort, localPort, [...this.#pids.keys()]);
    return pid === null ? null : (this.#pids.get(pid) ?? null);
  }
}

const key = (from: string, to: string): string => `${from} ${to}`;

/** `refused`: nobody listens there. `silent`: whoever does takes no connection, or this thread had no time to hear of it. */
function knock(target: string): Promise<'open' | 'refused' | 'silent'> {
  return new Promise((resolve) => {
    const socket = connect(splitAddress(target));
    const finish = (answer: 'open' | 'refused' | 'silent'): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(dialMs, () => finish('silent'));
    socket.once('connect', () => finish('open'));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      finish(error.code === 'ECONNREFUSED' ? 'refused' : 'silent'),
    );
  });
}
