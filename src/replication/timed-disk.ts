import { Smoothed } from '../failover/topology/smoothed.ts';
import type { Clock } from '../ports/clock.ts';
import { type Database, type Disk, type OpenedDatabase, withWrite } from '../ports/database.ts';

/** A disk that measures how long writes to its databases take. */
export class TimedDisk implements Disk {
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #writes = new Smoothed();

  constructor(disk: Disk, clock: Clock) {
    this.#disk = disk;
    this.#clock = clock;
  }

  /** Smoothed; 0 before the first one. */
  get writeMs(): number {
    return this.#writes.value ?? 0;
  }

  async open(name: string, options?: Parameters<Disk['open']>[1]): Promise<OpenedDatabase> {
    const opened = await this.#disk.open(name, options);
    return { ...opened, database: this.#timed(opened.database) };
  }

  replace(...args: Parameters<Disk['replace']>): Promise<void> {
    return this.#disk.replace(...args);
  }

  setAside(name: string): Promise<string | null> {
    return this.#disk.setAside(name);
  }

  remove(name: string): Promise<void> {
    return this.#disk.remove(name);
  }

  exists(name: string): Promise<boolean> {
    return this.#disk.exists(name);
  }

  #timed(database: Database): Database {
    return withWrite(database, async (changes, options) => {
      const beganMs = this.#clock.nowMs();
      await database.write(changes, options);
      this.#writes.add(this.#clock.nowMs() - beganMs);
    });
  }
}
