import test from 'ava';
import { databaseConformance } from './database-conformance.ts';
import { MemoryDisk } from './memory-disk.ts';
import { levelUnderTest } from './temporary-folder.ts';

databaseConformance(test, 'memory', async () => ({ disk: new MemoryDisk(), close: async () => undefined }));
databaseConformance(test, 'LevelDB', () => levelUnderTest());
databaseConformance(test, 'LevelDB with a small write buffer', () =>
  levelUnderTest({ databases: { a: { writeBufferBytes: 65_536, maxFileBytes: 1024 * 1024 } } }),
);
