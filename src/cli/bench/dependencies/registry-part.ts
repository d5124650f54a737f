import { createHash } from 'node:crypto';
import { systemClock } from '../../../api/system-clock.ts';
import { StateRegistry } from '../../../dependencies/registry/state-registry.ts';
import { startLocalCluster } from '../../../local/local-cluster.ts';
import type { DependencyRegistry, HeldObject } from '../../../ports/dependency-registry.ts';
import { openClient } from '../../client.ts';
import type { Figure } from '../parts/figure.ts';
import type { Run } from './options.ts';

const sandboxes = 16;
const batch = 125;
const lookupBatch = 250;

/**
 * Registrations (a digest of a sandbox each, as `register(hash, sandbox)` has it; an object has two here; synced on a majority of three processes) and lookups of one
 * digest each a second, in a closed loop, by both ways to the registry.
 */
export const registryPart: Run = async ({ options, folder, progress }) => {
  const cluster = await startLocalCluster({ folder, hot: 3 });
  const client = await openClient(cluster.endpoints);
  try {
    const ways: readonly (readonly [string, DependencyRegistry])[] = [
      ['service Dependencies', client.dependencies],
      ['native client', new StateRegistry(client.inSpace('planes'), systemClock)],
    ];
    const figures: Figure[] = [];
    for (const [way, registry] of ways) {
      progress(`registrations over the ${way}`);
      const objects = await joined(registry);
      const registered = await perSecond(options.seconds, async (worker, round) => {
        const part = batchOf(objects[worker] ?? [], round, batch);
        await registry.register(`bench-${worker}`, part);
        return part.reduce((sum, { keys }) => sum + keys.length, 0);
      });
      figures.push({ name: `registrations, ${way}`, value: registered, unit: '/s', atLeast: 20_000 });
      progress(`lookups over the ${way}`);
      const looked = await perSecond(options.seconds, async (worker, round) => {
        const part = batchOf(objects[worker] ?? [], round, lookupBatch).flatMap(({ keys }) =>
          keys.slice(0, 1),
        );
        const found = await registry.lookup(part);
        if (found.some((holders) => holders.length === 0))
          throw new Error('an object that was registered is not found');
        return part.length;
      });
      figures.push({ name: `lookups, ${way}`, value: looked, unit: '/s', atLeast: 20_000 });
      for (let i = 0; i < sandboxes; i++) await registry.invalidate(`bench-${i}`);
    }
    return figures;
  } finally {
    await client.close();
    await cluster.stop();
  }
};

const objectsEach = 500;

async function joined(registry: DependencyRegistry): Promise<readonly (readonly HeldObject[])[]> {
  const all: HeldObject[][] = [];
  for (let i = 0; i < sandboxes; i++) {
    await registry.join(
      {
        id: `bench-${i}`,
        address: `127.0.0.1:${5000 + i}`,
        application: 'bench',
        zone: '',
        instance: 'bench',
      },
      60_000,
    );
    const objects = Array.from({ length: objectsEach }, (_, j) => objectOf(`${i} ${j}`));
    // All are there before any is looked up.
    await registry.register(`bench-${i}`, objects);
    all.push(objects);
  }
  return all;
}

function objectOf(name: string): HeldObject {
  const digest = (algorithm: 'sha256' | 'sha512'): string => createHash(algorithm).update(name).digest('hex');
  const sha256 = digest('sha256');
  const keys = [
    { algorithm: 'sha512', digest: digest('sha512') } as const,
    { algorithm: 'sha256', digest: sha256 } as const,
  ];
  return { keys, sha256, size: 20_000 };
}

function batchOf(objects: readonly HeldObject[], round: number, size: number): readonly HeldObject[] {
  const at = (round * size) % objects.length;
  return objects.slice(at, at + size);
}

async function perSecond(
  seconds: number,
  act: (worker: number, round: number) => Promise<number>,
): Promise<number> {
  const startMs = performance.now();
  let done = 0;
  await Promise.all(
    Array.from({ length: sandboxes }, async (_, worker) => {
      for (let round = 0; performance.now() - startMs < seconds * 1000; round++) {
        // Not `done += await …`: that would add to what it was before the others' turns.
        const more = await act(worker, round);
        done += more;
      }
    }),
  );
  return (1000 * done) / (performance.now() - startMs);
}
