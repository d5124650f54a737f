import type { Vitals } from '../node/vitals.ts';
import { type Database, type OpenedDatabase, withWrite } from '../ports/database.ts';
import type { LevelDisk } from '../storage/level/level-disk.ts';
import type { GrpcTransport } from '../transport/grpc-transport.ts';
import { systemClock } from './system-clock.ts';

/** What ails a node by intent, for tests and measurements. */
export type Fault =
  /** Synced writes of the log take so much longer from now on. */
  | { readonly kind: 'slow-sync'; readonly ms: number }
  /** So many bytes of the heap are never given back. */
  | { readonly kind: 'leak'; readonly bytes: number }
  /** What the disk is said to have. */
  | { readonly kind: 'disk'; readonly freeBytes: number; readonly diskBytes: number }
  /** What it says to its peers takes so much longer to get there. */
  | { readonly kind: 'distance'; readonly ms: number };

const logName = 'log';
const chunkNumbers = 1024;

/** The faults of one node. Only test builds hand them in. */
export class Faults {
  syncMs = 0;
  distanceMs = 0;
  disk: { readonly freeBytes: number; readonly diskBytes: number } | null = null;
  /** Held for ever: that is the point. */
  readonly #leaked: (readonly number[])[] = [];

  apply(fault: Fault): void {
    switch (fault.kind) {
      case 'slow-sync':
        this.syncMs = fault.ms;
        return;
      case 'leak':
        for (let left = fault.bytes; left > 0; left -= chunkNumbers * 8)
          this.#leaked.push(new Array<number>(chunkNumbers).fill(Math.PI));
        return;
      case 'distance':
        this.distanceMs = fault.ms;
        return;
      case 'disk':
        this.disk = fault;
    }
  }
}

/** The disk of a node that may be ailing. */
export function ailingDisk(disk: LevelDisk, faults: Faults | undefined): LevelDisk {
  if (faults === undefined) return disk;
  return {
    ...disk,
    open: async (name, options) => {
      const opened = await disk.open(name, options);
      return name === logName ? ailing(opened, faults) : opened;
    },
  };
}

/** Answers come late and in order, as of a disk that is busy otherwise. */
function ailing(opened: OpenedDatabase, faults: Faults): OpenedDatabase {
  const { database } = opened;
  let before: Promise<unknown> = Promise.resolve();
  const write: Database['write'] = async (changes, options) => {
    const done = database.write(changes, options);
    const late = options.sync && faults.syncMs > 0 ? done.then(() => after(faults.syncMs)) : done;
    const mine = Promise.allSettled([before, late]);
    before = mine;
    await mine;
    await late;
  };
  return { ...opened, database: withWrite(database, write) };
}

/** The transport of a node that may be far away from its peers. */
export function distantTransport(transport: GrpcTransport, faults: Faults | undefined): GrpcTransport {
  if (faults === undefined) return transport;
  const send = transport.send.bind(transport);
  transport.send = (to, message) => {
    if (faults.distanceMs === 0) send(to, message);
    else systemClock.after(faults.distanceMs, () => send(to, message));
  };
  return transport;
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(ms, resolve));
}

export function ailingVitals(vitals: Vitals, faults: Faults | undefined): Vitals {
  if (faults === undefined || faults.disk === null) return vitals;
  const { freeBytes, diskBytes } = faults.disk;
  return { ...vitals, diskFreeBytes: freeBytes, diskBytes };
}
