import { asError } from '../../foundation/errors.ts';
import { type LeaseId, revision } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ClientKeyValue, StateClient } from '../../ports/state-client.ts';
import { decoded } from '../state/claim.ts';
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

/** A refresher that lives. */
interface RefresherRecord {
  readonly atMs: number;
  /** Names of sources; null or, of an earlier version, absent: any. */
  readonly able?: readonly string[] | null;
}

const againMs = 200;

/** The refreshers that live: a key each, on its lease. Who is gone is missing here once its lease has ended. */
export class RefresherSet {
  readonly #ports: RefresherSetPorts;
  readonly #stopped = new AbortController();
  /** With the sources that each can ask; null: it does not say. */
  #members: ReadonlyMap<string, ReadonlySet<string> | null> = new Map();
  #able: readonly string[] | null = null;
  #owned = new Map<string, boolean>();
  #running: Promise<void> | null = null;
  readonly #onChange: () => void;

  constructor(ports: RefresherSetPorts, onChange: () => void) {
    this.#ports = ports;
    this.#onChange = onChange;
    ports.lease.onNew((lease) => this.#put(lease));
  }

  get members(): ReadonlySet<string> {
    return new Set(this.#members.keys());
  }

  /** The sources that this process can ask: of others' resources it has no share while somebody lives who can. */
  async announce(able: readonly string[]): Promise<void> {
    if (JSON.stringify(able) === JSON.stringify(this.#able)) return;
    this.#able = able;
    this.#put(await this.#ports.lease.id());
  }

  #put(lease: LeaseId): void {
    const { client, clock, name } = this.#ports;
    const record: RefresherRecord = { atMs: clock.wallMs(), able: this.#able };
    client
      .put(`${refresherPrefix}${name}`, encodeRecord(record), { lease })
      .catch(() => this.#ports.lease.lost());
  }

  /** Whether a resource is this process's to refresh. */
  owns(name: string): boolean {
    const known = this.#owned.get(name);
    if (known !== undefined) return known;
    const source = name.slice(0, name.indexOf('/'));
    const able = [...this.#members].filter(([, sources]) => sources?.has(source) ?? true);
    const among = able.length > 0 ? able : [...this.#members];
    const owned =
      ownerOf(
        name,
        among.map(([member]) => member),
      ) === this.#ports.name;
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
        this.#set(new Map(values.map((value) => [nameOf(value.key), ableOf(value)])));
        const watch = client.watch(refresherPrefix, { prefix: true, fromRevision: revision(at + 1), signal });
        for await (const { events } of watch) {
          if (events.length === 0) continue;
          const members = new Map(this.#members);
          for (const { type, keyValue } of events) {
            if (type === 'put') members.set(nameOf(keyValue.key), ableOf(keyValue));
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

  #set(members: ReadonlyMap<string, ReadonlySet<string> | null>): void {
    this.#members = members;
    this.#owned = new Map();
    this.#onChange();
  }
}

function ableOf(keyValue: ClientKeyValue): ReadonlySet<string> | null {
  const able = decoded<RefresherRecord>(keyValue)?.able;
  return Array.isArray(able) ? new Set(able) : null;
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString('utf8').slice(refresherPrefix.length);
}
