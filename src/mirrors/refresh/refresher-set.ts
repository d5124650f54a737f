import { asError } from '../../foundation/errors.ts';
import { revision } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { StateClient } from '../../ports/state-client.ts';
import { refresherPrefix } from '../state/keys.ts';
import type { ProcessLease } from '../state/process-lease.ts';
import { encodeRecord } from '../state/records.ts';
import { ownerOf } from './rendezvous.ts';

export interface RefresherSetPorts {
  readonly client: StateClient;
  readonly clock: Clock;
  readonly lease: ProcessLease;
  readonly name: string;
  readonly onTrouble: (error: Error) => void;
}

const againMs = 200;

/** The refreshers that live: a key each, on its lease. Who is gone is missing here once its lease has ended. */
export class RefresherSet {
  readonly #ports: RefresherSetPorts;
  readonly #stopped = new AbortController();
  #members: ReadonlySet<string> = new Set();
  #owned = new Map<string, boolean>();
  #running: Promise<void> | null = null;
  readonly #onChange: () => void;

  constructor(ports: RefresherSetPorts, onChange: () => void) {
    this.#ports = ports;
    this.#onChange = onChange;
    ports.lease.onNew((lease) => {
      const key = `${refresherPrefix}${ports.name}`;
      ports.client
        .put(key, encodeRecord({ atMs: ports.clock.wallMs() }), { lease })
        .catch(() => ports.lease.lost());
    });
  }

  get members(): ReadonlySet<string> {
    return this.#members;
  }

  /** Whether a resource is this process's to refresh. */
  owns(name: string): boolean {
    const known = this.#owned.get(name);
    if (known !== undefined) return known;
    const owned = ownerOf(name, this.#members) === this.#ports.name;
    this.#owned.set(name, owned);
    return owned;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { client, clock, lease, onTrouble } = this.#ports;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        await lease.id();
        const { values, revision: at } = await client.get(refresherPrefix, { prefix: true, signal });
        this.#set(new Set(values.map(({ key }) => nameOf(key))));
        const watch = client.watch(refresherPrefix, { prefix: true, fromRevision: revision(at + 1), signal });
        for await (const { events } of watch) {
          if (events.length === 0) continue;
          const members = new Set(this.#members);
          for (const { type, keyValue } of events) {
            if (type === 'put') members.add(nameOf(keyValue.key));
            else members.delete(nameOf(keyValue.key));
          }
          this.#set(members);
          // Our own lease ended while this process lived: a new one brings the key back.
          if (!members.has(this.#ports.name)) {
            lease.lost();
            await lease.id();
          }
        }
      } catch (error) {
        if (signal.aborted) return;
        onTrouble(asError(error));
      }
      if (signal.aborted) return;
      await new Promise<void>((resolve) => clock.after(againMs, resolve));
    }
  }

  #set(members: ReadonlySet<string>): void {
    this.#members = members;
    this.#owned = new Map();
    this.#onChange();
  }
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString('utf8').slice(refresherPrefix.length);
}
