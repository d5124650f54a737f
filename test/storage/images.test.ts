import test from 'ava';
import type { Disk } from '../../src/ports/database.ts';
import type { ImageStore } from '../../src/ports/image-store.ts';
import { openImage } from '../../src/storage/image/image-store.ts';
import { imageStoreConformance } from './image-store-conformance.ts';
import { MemoryDisk } from './memory-disk.ts';
import { levelUnderTest } from './temporary-folder.ts';

const open = (disk: Disk): Promise<ImageStore> =>
  openImage(disk, { clusterId: 'c', folder: 'data', chunkBytes: 2048 });

imageStoreConformance(
  test,
  'memory',
  async () => ({ disk: new MemoryDisk(), close: async () => undefined }),
  open,
);
imageStoreConformance(test, 'LevelDB', () => levelUnderTest(), open);
