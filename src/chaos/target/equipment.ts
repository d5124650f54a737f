import { join } from 'node:path';
import { TanistError } from '../../foundation/errors.ts';
import type { Need } from '../target.ts';
import { lacksSmallDisks, mountSmallDisk } from './disk/small-disk.ts';
import { type FakeTime, fakeTime, withClock } from './machine/fake-clock.ts';
import type { Journal } from './machine/journal.ts';
import { memoryLimit } from './machine/memory-limit.ts';
import type { Clock } from './member-processes.ts';
import type { Beginning } from './network.ts';
import type { TargetOptions } from './options.ts';

/** What this machine gives to members beside the network. */
export interface Equipment {
  /** Why a need can't be met; a need that is not named has nothing to do with the machine. */
  readonly lacks: Readonly<Partial<Record<Need, string>>>;
  /** The file system of the member's own; null: it has none. */
  smallDisk(id: string): string | null;
  dataFolder(id: string): string;
  /** How the member's process is begun. Errors: `unavailable` for a clock that can't be had. */
  begin(id: string, clock: Clock | undefined): Promise<readonly Beginning[]>;
}

/** Small disks and limits of memory only where the options ask for them. Errors: `unavailable`, `data-not-writable`. */
export async function equip(
  options: TargetOptions,
  ids: readonly string[],
  journal: Journal,
): Promise<Equipment> {
  const { folder, kind, memoryLimitMb } = options;
  const lacks: Partial<Record<Need, string>> = {};

  const noDisks = options.smallDisk === true ? await lacksSmallDisks() : 'not asked for';
  const diskOf = (id: string): string => join(folder, 'disks', id);
  if (noDisks === null) for (const id of ids) await mountSmallDisk(diskOf(id), journal);
  else lacks['small-disk'] = noDisks;

  const clocks: FakeTime =
    kind === 'tanist'
      ? await fakeTime()
      : {
          kind: 'lacking',
          why: 'a Go program does not ask libc for the time, so libfaketime has no hold on it',
        };
  if (clocks.kind === 'lacking') lacks.clock = clocks.why;

  const limit =
    memoryLimitMb === undefined ? null : await memoryLimit(memoryLimitMb, journal, kind === 'tanist');
  if (limit === null)
    lacks['memory-limit'] =
      memoryLimitMb === undefined ? 'not asked for' : 'no control group can be made here';

  return {
    lacks,
    smallDisk: (id) => (noDisks === null ? diskOf(id) : null),
    dataFolder: (id) => (noDisks === null ? join(diskOf(id), 'data') : join(folder, id)),
    begin: async (id, clock) => {
      const all: Beginning[] = [];
      if (limit !== null) all.push(await limit.begin(id));
      if (clock !== undefined) {
        if (clocks.kind === 'lacking')
          throw new TanistError('unavailable', `${id} has no clock of its own: ${clocks.why}`);
        all.push(withClock(clocks.file, clock));
      }
      return all;
    },
  };
}
