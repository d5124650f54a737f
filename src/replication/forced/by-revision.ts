import { pack, unpack } from 'msgpackr';
import type { DatabaseChange, Disk } from '../../ports/database.ts';
import type { KeyValue, Space, StateDelta } from '../../ports/delta.ts';
import type { HeldContent } from './held-content.ts';

const name = 'by-revision';
const batchBytes = 256 * 1024;

/**
 * The values that a replica holds as the deltas that wrote them, in order of revisions, as an image needs them; sorted on the disk, since a cold
 * replica holds more than memory should. What is sorted is removed at the end.
 */
export async function* byRevision(
  disk: Disk,
  content: HeldContent,
  space: Space,
): AsyncGenerator<readonly StateDelta[]> {
  await disk.remove(name);
  const { database } = await disk.open(name);
  try {
    let number = 0;
    for await (const values of content.values(space)) {
      const changes = values.map(
        (value): DatabaseChange => ({
          type: 'put',
          key: `${padded(value.modRevision)}/${padded(number++)}`,
          value: pack(value),
        }),
      );
      if (changes.length > 0) await database.write(changes, { sync: false });
    }
    let last = 0;
    let sub = 0;
    for await (const rows of database.scan('', '~', batchBytes)) {
      const deltas: StateDelta[] = [];
      for (const row of rows) {
        const value = unpack(row.value) as KeyValue;
        sub = value.modRevision === last ? sub + 1 : 0;
        last = value.modRevision;
        deltas.push(deltaOf(value, sub, space, content));
      }
      yield deltas;
    }
  } finally {
    await database.close();
    await disk.remove(name);
  }
}

function deltaOf(value: KeyValue, sub: number, space: Space, { held, mark }: HeldContent): StateDelta {
  return {
    epoch: held.lineage.epoch,
    revision: value.modRevision,
    sub,
    timeMs: mark.timeMs,
    space,
    op: 'put',
    key: value.key,
    value: value.value,
    lease: BigInt(value.lease) as typeof value.lease,
    createRevision: value.createRevision,
    version: value.version,
  };
}

function padded(number: number): string {
  return String(number).padStart(16, '0');
}
