import { assert, present } from '../../foundation/assert.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { Random } from '../../foundation/random.ts';
import type { Disk } from '../../ports/database.ts';
import type { Life } from './life.ts';
import type { Scheduler } from './scheduler.ts';
import { DatabaseFiles, type DiskWeather, fairWeather, SimDatabase } from './sim-database.ts';
import type { SortedRows } from './sorted-rows.ts';

/** The last keys of a log are its newest block and what stands beside it. */
const newestRows = 4;
/** Databases whose rows of every kind may rot. */
const beyondQuorum = new Set(['warm', 'cold']);

/** A machine's disk: outlives the processes that use it. */
export class SimDisk {
  readonly weather: DiskWeather = fairWeather();
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  #files = new Map<string, DatabaseFiles>();
  #open: SimDatabase[] = [];

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler;
    this.#random = random;
  }

  get empty(): boolean {
    return this.#files.size === 0;
  }

  /** What is durable of a database; for checks. */
  durable(name: string): SortedRows | undefined {
    return this.#files.get(name)?.durable;
  }

  /** The disk as one incarnation of the process sees it. */
  port(life: Life): Disk {
    const parts = { scheduler: this.#scheduler, life, weather: this.weather, random: this.#random };
    return {
      open: async (name) => {
        await this.#turn(life);
        let files = this.#files.get(name);
        if (files === undefined) {
          files = new DatabaseFiles();
          this.#files.set(name, files);
        }
        const { integrity, tornBytes } = files;
        if (integrity === 'torn') files.integrity = 'clean';
        files.tornBytes = 0;
        const database = new SimDatabase(files, parts);
        this.#open.push(database);
        return {
          database,
          integrity,
          detail: integrity === 'clean' ? '' : `simulated: ${integrity}`,
          tornBytes,
        };
      },
      replace: async (name, replacement, { keepOld = false } = {}) => {
        await this.#turn(life);
        if (keepOld) this.#setAside(name);
        const files = present(this.#files.get(replacement), `there is no database ${replacement}`);
        files.sync();
        this.#files.set(name, files);
        this.#files.delete(replacement);
      },
      setAside: async (name) => {
        await this.#turn(life);
        return this.#setAside(name);
      },
      remove: async (name) => {
        await this.#turn(life);
        this.#files.delete(name);
      },
      exists: async (name) => {
        await this.#turn(life);
        return this.#files.has(name);
      },
    };
  }

  #setAside(name: string): string | null {
    const files = this.#files.get(name);
    if (files === undefined) return null;
    const evidence = `${name}.evidence-1`;
    this.#files.set(evidence, files);
    this.#files.delete(name);
    return evidence;
  }

  /** The process died, or with `power` the machine. */
  crash(power: boolean): void {
    const underWay = new Map(this.#open.map((database) => [database.files, database.underWay]));
    for (const files of this.#files.values()) files.crash(this.#random, power, underWay.get(files) ?? []);
    this.#open = [];
  }

  /** Notes and files: on the disk when it resolves. Fails with `disk-full`. */
  async save(life: Life, name: string, key: string, value: Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#scheduler.after(this.weather.syncMs, () => life.enter(resolve));
    });
    if (this.weather.full) throw new TanistError('disk-full', 'the simulated disk is full');
    let files = this.#files.get(name);
    if (files === undefined) {
      files = new DatabaseFiles();
      this.#files.set(name, files);
    }
    files.durable.apply([{ type: 'put', key, value }]);
  }

  // Destroying faults, only while no process runs.

  wipe(): void {
    this.#files = new Map();
  }

  copy(): ReadonlyMap<string, DatabaseFiles> {
    const copy = new Map<string, DatabaseFiles>();
    for (const [name, files] of this.#files) {
      const own = files.copy();
      own.sync();
      copy.set(name, own);
    }
    return copy;
  }

  restore(copy: ReadonlyMap<string, DatabaseFiles>): void {
    this.#files = new Map([...copy].map(([name, files]) => [name, files.copy()]));
  }

  /** Flips a bit in a stored value, every other time in one of the newest; says where, null if there is none. */
  flipBit(name: string): string | null {
    assert(this.#open.length === 0, 'bits are flipped in closed files');
    const rows = this.#files.get(name)?.durable;
    if (rows === undefined || rows.size === 0) return null;
    const keys = rows.keys();
    const key = this.#random.pick(this.#random.chance(0.5) ? keys.slice(-newestRows) : keys);
    const value = rows.get(key);
    if (value === undefined || value.length === 0) return null;
    const flipped = Uint8Array.from(value);
    const at = this.#random.below(flipped.length);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << this.#random.below(8));
    rows.apply([{ type: 'put', key, value: flipped }]);
    return `${name}/${key} byte ${at}`;
  }

  /** Writes a row's content over another one's; says where. */
  misdirect(name: string): string | null {
    const rows = this.#files.get(name)?.durable;
    if (rows === undefined || rows.size < 2) return null;
    const keys = rows.keys();
    const [from, to] = [this.#random.pick(keys), this.#random.pick(keys)];
    const value = rows.get(from);
    if (value === undefined || from === to) return null;
    rows.apply([{ type: 'put', key: to, value }]);
    return `${name}/${from} over ${to}`;
  }

  /** Flips a bit under a process that runs, not in the newest rows; says where. */
  rot(name: string): string | null {
    const files = this.#files.get(name);
    const all = files === undefined ? [] : files.durable.keys();
    const rows = beyondQuorum.has(name) ? /^/ : /^[zd][/]/;
    const keys = all.filter((row) => rows.test(row) && !row.endsWith('t')).slice(0, -2);
    if (files === undefined || keys.length === 0) return null;
    const key = this.#random.pick(keys);
    const value = files.durable.get(key);
    if (value === undefined || value.length === 0) return null;
    const flipped = Uint8Array.from(value);
    const at = this.#random.below(flipped.length);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << this.#random.below(8));
    files.durable.apply([{ type: 'put', key, value: flipped }]);
    for (const database of this.#open) if (database.files === files) database.rot(key, flipped);
    return `${name}/${key} byte ${at}`;
  }

  #turn(life: Life): Promise<void> {
    return new Promise((resolve) => {
      this.#scheduler.after(0.1, () => life.enter(resolve));
    });
  }
}
