import { connect, type Socket } from 'node:net';
import { splitAddress } from '../../../foundation/address.ts';
import type { Shape } from '../../target.ts';
import { Lane } from './lane.ts';

export interface Ends {
  readonly from: string;
  readonly to: string;
  /** `host:port`. */
  readonly target: string;
}

export interface Surroundings {
  shape(from: string, to: string): Shape;
  /** The member closed a connection; resolves when it is known whether it still listens. */
  hungUp(member: string): Promise<void>;
  closed(connection: Connection): void;
}

/**
 * A connection between two members through the proxy. One that is begun while either direction is cut is not passed on before both are whole: its first packet or
 * the answer to it would be lost.
 */
export class Connection {
  readonly ends: Ends;
  readonly #around: Surroundings;
  readonly #caller: Socket;
  #called: Socket | null = null;
  #there: Lane | null = null;
  #back: Lane | null = null;

  constructor(ends: Ends, caller: Socket, around: Surroundings) {
    this.ends = ends;
    this.#around = around;
    this.#caller = caller;
    caller.setNoDelay(true);
    caller.on('error', () => undefined);
    caller.once('close', () => {
      if (this.#called === null) around.closed(this);
    });
    this.reshape();
  }

  reshape(): void {
    const { from, to } = this.ends;
    const there = this.#around.shape(from, to);
    const back = this.#around.shape(to, from);
    if (this.#called === null) {
      if (there.cut !== true && back.cut !== true) this.#passOn(there, back);
      return;
    }
    this.#there?.reshape(there);
    this.#back?.reshape(back);
  }

  destroy(): void {
    this.#caller.destroy();
    this.#called?.destroy();
  }

  #passOn(there: Shape, back: Shape): void {
    const { from, to, target } = this.ends;
    const caller = this.#caller;
    if (caller.destroyed) return;
    const called = connect({
      ...splitAddress(target),
      noDelay: true,
      allowHalfOpen: true,
    });
    this.#called = called;
    this.#there = new Lane(caller, called, there, () => this.#around.hungUp(from));
    this.#back = new Lane(called, caller, back, () => this.#around.hungUp(to));
    const gone = (): void => {
      if (caller.destroyed && called.destroyed) this.#around.closed(this);
    };
    caller.once('close', gone);
    called.once('close', gone);
  }
}
