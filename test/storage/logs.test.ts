import test from 'ava';
import { nodeId } from '../../src/foundation/ids.ts';
import type { Disk } from '../../src/ports/database.ts';
import type { LogStore } from '../../src/ports/log-store.ts';
import { openLog } from '../../src/storage/log/open-log.ts';
import { logStoreConformance } from './log-store-conformance.ts';
import { MemoryDisk } from './memory-disk.ts';
import { levelUnderTest } from './temporary-folder.ts';

const open = (disk: Disk): Promise<LogStore> =>
  openLog(disk, {
    clusterId: 'c',
    nodeId: nodeId('n1'),
    newStoreId: 's1',
    incarnation: 'i1',
    folder: 'data',
    blockBytes: 4096,
  });

logStoreConformance(
  test,
  'memory',
  async () => ({ disk: new MemoryDisk(), close: async () => undefined }),
  open,
);
logStoreConformance(test, 'LevelDB', () => levelUnderTest(), open);
