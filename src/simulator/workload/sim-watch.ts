import { WatchCursor } from '../../client/core/watch-cursor.ts';
import { type ByteString, byteStringOfText, textOf } from '../../foundation/bytes.ts';
import { noLease, type Revision, revision } from '../../foundation/ids.ts';
import type { Random } from '../../foundation/random.ts';
import type { TanistNode, WatchHandle } from '../../node/node.ts';
import type { WatchEvent } from '../../ports/state-client.ts';
import type { SeenEvent, SeenWatch } from '../../verification/guarantees/watch.ts';
import type { Machine } from '../machine.ts';
import type { Network } from '../world/network.ts';
import { Channel } from './channel.ts';
import type { Recorder } from './recorder.ts';

type WatchedChange = Parameters<Parameters<TanistNode['watch']>[1]['events']>[0]['events'][number];

/** One watch over the registers, moved from node to node with the client's own cursor. */
export class SimWatch {
  readonly #name: string;
  readonly #network: Network;
  readonly #machines: readonly Machine[];
  readonly #random: Random;
  readonly #recorder: Recorder;
  #cursor = new WatchCursor(revision(0));
  #seen: { revision: number; events: readonly SeenEvent[] }[] = [];
  #record: (SeenWatch & { batches: unknown }) | null = null;
  #drop: () => void = () => {};
  #stopped = false;

  constructor(parts: {
    readonly name: string;
    readonly network: Network;
    readonly machines: readonly Machine[];
    readonly random: Random;
    readonly recorder: Recorder;
  }) {
    this.#name = parts.name;
    this.#network = parts.network;
    this.#machines = parts.machines;
    this.#random = parts.random;
    this.#recorder = parts.recorder;
  }

  start(): void {
    this.#anew();
    this.#connect();
  }

  /** From the present on, or from an old revision. */
  #anew(): void {
    const past = this.#random.chance(0.5);
    const from = past ? Math.max(1, this.#recorder.lastRevision - this.#random.below(40)) : 0;
    this.#begin(revision(from));
  }

  stop(): void {
    this.#stopped = true;
    this.#drop();
  }

  /** The process that feeds it ended. */
  machineClosed(): void {
    this.#drop();
  }

  #begin(from: Revision): void {
    this.#cursor = new WatchCursor(from);
    this.#seen = [];
    this.#record = null;
    if (from > 0) this.#recordFrom(from);
  }

  #recordFrom(from: number): void {
    this.#record = {
      name: this.#name,
      matches: (key) => key.startsWith('r'),
      fromRevision: from,
      batches: this.#seen,
    };
    this.#recorder.watches.push(this.#record);
  }

  #connect(): void {
    if (this.#stopped) return;
    if (this.#random.chance(0.2)) this.#anew();
    const machine = this.#random.pick(this.#machines);
    const { node, life } = machine;
    if (node === null || life === null) {
      this.#network.scheduler.after(20 + 30 * this.#random.next(), () => this.#connect());
      return;
    }
    let handle: WatchHandle | null = null;
    let open = true;
    const drop = (): void => {
      if (!open) return;
      open = false;
      channel.close();
      life.enter(() => handle?.cancel());
      this.#network.scheduler.after(5 * this.#random.next(), () => this.#connect());
    };
    this.#drop = drop;
    const channel = new Channel(this.#network, machine.id, this.#name, drop);
    const tell = (at: Revision, changes: readonly WatchedChange[], created: boolean): void => {
      const events = changes.map(eventOf);
      channel.send(() => {
        if (open) this.#take(at, events, created);
      });
    };
    life.enter(() => {
      const from = this.#cursor.resume();
      handle = node.watch(
        {
          space: 'user',
          key: byteStringOfText('r'),
          rangeEnd: byteStringOfText('s'),
          fromRevision: from,
          previous: true,
        },
        {
          events: ({ revision: at, events }) => {
            tell(at, events, false);
            return true;
          },
          ended: () =>
            channel.send(() => {
              // Compacted: what was missed is gone; begin anew at the present.
              if (!open) return;
              this.#begin(revision(0));
              drop();
            }),
        },
      );
      if (from === 0) tell(node.state.revision('user'), [], true);
    });
    // Watches move now and then without any fault.
    this.#network.scheduler.after(200 + 2000 * this.#random.next(), drop);
  }

  #take(at: Revision, events: readonly WatchEvent[], created: boolean): void {
    const batch = this.#cursor.take({ revision: at, events, created });
    if (batch === null) return;
    if (this.#record === null) {
      this.#recordFrom(batch.revision + 1);
      return;
    }
    this.#seen.push({ revision: batch.revision, events: batch.events.map(seenEvent) });
  }
}

function eventOf({ delta, previous }: WatchedChange): WatchEvent {
  const { key, value, revision: at, createRevision, version } = delta;
  const bytes = (text: ByteString): Uint8Array => Buffer.from(text, 'latin1');
  const keyValue = {
    key: bytes(key),
    value: bytes(value),
    createRevision,
    modRevision: at,
    version,
    lease: noLease,
  };
  const type = delta.op;
  if (previous === null) return { type, keyValue };
  return {
    type,
    keyValue,
    previous: { ...keyValue, value: bytes(previous.value), modRevision: previous.modRevision },
  };
}

function seenEvent({ type, keyValue, previous }: WatchEvent): SeenEvent {
  const text = (bytes: Uint8Array): string => textOf(Buffer.from(bytes).toString('latin1') as ByteString);
  const seen = { revision: keyValue.modRevision, type, key: text(keyValue.key), value: text(keyValue.value) };
  // An absent one may have been compacted away: then nothing was said.
  return previous === undefined ? seen : { ...seen, previous: text(previous.value) };
}
