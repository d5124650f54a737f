import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { type Seat, writeConfig } from '../../../src/chaos/target/tanist/tanist-process.ts';
import { configSections } from '../../../src/cli/chaos/config-sections.ts';
import { loadClusterConfig } from '../../../src/node/config/config.ts';

const example = fileURLToPath(new URL('../../../../cluster-config/tiers.yaml', import.meta.url));

test('members get the labels of the nodes of their tier, so that a configuration that asks for them holds', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-labels-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const seats = (['hot', 'hot', 'hot', 'warm', 'hot'] as const).map(
    (tier, n): Seat => ({
      tier,
      place: { id: `n${n}`, host: '127.0.0.1', ports: [7000 + 3 * n, 7001 + 3 * n, 7002 + 3 * n] },
    }),
  );
  const file = await writeConfig(folder, seats, await configSections(example));
  const { nodes, tiers } = await loadClusterConfig(file);
  t.is(tiers.spread, 'zone');
  t.deepEqual(
    nodes.map(({ id, labels }) => [id, labels.zone]),
    [
      ['n0', 'a'],
      ['n1', 'b'],
      ['n2', 'c'],
      ['n3', 'b'],
      ['n4', 'a'],
    ],
  );
  const plain = await writeConfig(folder, seats, {});
  t.false((await readFile(plain, 'utf8')).includes('zone'));
});
