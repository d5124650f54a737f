import test from 'ava';
import { lockFileSequences, parseLockFiles } from '../../src/cli/bench/dependencies/lock-file-sequences.ts';
import { seededRandom } from '../../src/foundation/random.ts';

test('lock files are what the one before of the tool was, less and more, in the order of time', (t) => {
  const text = `# what npm locked
@s/a 1.0.0=4 1.1.0=5
b 2.0.0=

2025-02-01 tool +0 +2
2025-03-01 tool -0 +1
2025-02-03 other +2
`;
  const found = parseLockFiles(text).map(({ project, day, items }) => ({
    project,
    day,
    items: items.map(({ path, sizeBytes }) => `${path} ${sizeBytes}`),
  }));
  const b = 'b/-/b-2.0.0.tgz 0';
  t.deepEqual(found, [
    { project: 'tool', day: '2025-02-01', items: ['@s/a/-/a-1.0.0.tgz 4096', b] },
    { project: 'other', day: '2025-02-03', items: [b] },
    { project: 'tool', day: '2025-03-01', items: ['@s/a/-/a-1.1.0.tgz 5120', b] },
  ]);
});

test('the recorded lock files are whole: many tools, over a year of each, no item twice', async (t) => {
  const file = new URL('../../src/cli/bench/dependencies/lock-files.txt', import.meta.url);
  const sequences = await lockFileSequences(file, seededRandom('test'));
  const tools = new Set(sequences.map(({ application }) => application));
  t.true(tools.size >= 8 && sequences.length >= 12 * tools.size);
  t.true(sequences.every(({ items }) => items.length > 0 && new Set(items).size === items.length));
});
