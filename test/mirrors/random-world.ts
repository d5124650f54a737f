import { seededRandom } from '../../src/foundation/random.ts';
import { Refresher } from '../../src/mirrors/refresh/refresher.ts';
import type { Mirrors } from '../../src/mirrors/sdk/mirrors.ts';
import { openMirrors } from '../../src/mirrors/sdk/open-mirrors.ts';
import type { OriginAnswer } from '../../src/mirrors/sources/origin.ts';
import { content } from './fake-origin.ts';
import { MemoryCluster } from './memory-cluster.ts';
import { settle, TestClock } from './test-clock.ts';

/**
 * `calm`: processes and the origin are well. `pauses`: leases end under processes that go on later. `lag`: the origin answers from replicas that lag behind,
 * and says its version.
 */
export type Weather = 'calm' | 'pauses' | 'lag';

const keys = ['a', 'b', 'c'];
const steps = 60;

/** Random polls, changes, events and pauses of several processes. What was wrong, in words. */
export async function randomRun(seed: number, weather: Weather): Promise<readonly string[]> {
  const random = seededRandom(`mirrors/${weather}/${seed}`);
  const budget = random.chance(0.5) ? { perMinute: 120, burst: 6 } : { perMinute: 30, burst: 2 };
  const clock = new TestClock();
  const cluster = new MemoryCluster(clock);
  const wrong: string[] = [];
  const versions = new Map(keys.map((key) => [key, 1]));
  const asking = new Map(keys.map((key) => [key, 0]));
  let calls = 0;
  const startMs = clock.nowMs();
  const fetch = async (key: string): Promise<OriginAnswer> => {
    calls++;
    const elapsedMs = clock.nowMs() - startMs;
    if (calls > budget.burst + (elapsedMs * budget.perMinute) / 60_000 + 1e-6)
      wrong.push(`${calls} calls within ${elapsedMs} ms`);
    const others = asking.get(key) ?? 0;
    if (others > 0 && weather !== 'pauses') wrong.push(`${key} is asked for twice at a time`);
    asking.set(key, others + 1);
    const version = Math.max(1, (versions.get(key) ?? 1) - (weather === 'lag' && random.chance(0.3) ? 1 : 0));
    await new Promise<void>((resolve) =>
      clock.after(random.below(weather === 'pauses' ? 3000 : 400), resolve),
    );
    asking.set(key, (asking.get(key) ?? 1) - 1);
    return content({ version });
  };
  const config = {
    origin: { kind: 'own', name: 'o' },
    budget,
    freshForMs: 4000,
    refresh: 'interval',
    format: weather === 'lag' ? { version: '/version' } : {},
  };
  const open = (name: string): Promise<Mirrors> =>
    openMirrors(cluster.client(), {
      clock,
      name,
      sources: { s: config },
      may: { own: { o: { fetch: ({ key }) => fetch(key) } } },
      directBudget: { perMinute: 0.001, burst: 1 },
      clusterMs: 60_000,
    });
  const processes = [await open('p0'), await open('p1'), await open('p2')];
  const refresher = new Refresher(processes[0]!);
  refresher.start();
  const invalidated = new Map(keys.map((key) => [key, 0]));
  const seen = processes.map(() => new Map<string, number>());
  const look = (): void => {
    processes.forEach((mirrors, i) => {
      for (const key of keys) {
        const entry = mirrors.live.entries.get(`s/${key}`);
        if (entry?.value == null) continue;
        const { version } = entry.value.value as { version: number };
        if (version < (seen[i]!.get(key) ?? 0))
          wrong.push(`p${i}: ${key} goes back from ${seen[i]!.get(key)} to ${version}`);
        seen[i]!.set(key, version);
      }
    });
  };
  const stopListening = processes.map((mirrors) => mirrors.live.onChange(look));
  const polls: Promise<void>[] = [];
  const poll = (i: number, key: string): void => {
    const least = invalidated.get(key) ?? 0;
    const lastFence = processes[i]!.live.entries.get(`s/${key}`)?.check?.fence ?? 0;
    const isFresh = clock.nowMs() < (processes[i]!.live.entries.get(`s/${key}`)?.freshUntilMonoMs ?? 0);
    const before = calls;
    polls.push(
      processes[i]!.poll(`s/${key}`, { waitMs: 20_000 }).then(
        ({ value, hit }) => {
          const { version } = value as { version: number };
          if (weather === 'calm' && hit !== 'stale' && version < least)
            wrong.push(`p${i}: ${key} is ${hit} at ${version} after ${least} was invalidated`);
          if (isFresh && hit === 'origin' && calls > before)
            wrong.push(`p${i}: ${key} was fresh at ${lastFence}, and the origin was asked`);
        },
        () => undefined,
      ),
    );
  };
  for (let step = 0; step < steps; step++) {
    const key = random.pick(keys);
    const i = random.below(processes.length);
    switch (random.below(weather === 'pauses' ? 5 : 4)) {
      case 0:
        for (const each of random.chance(0.5) ? processes.keys() : [i]) poll(each, key);
        break;
      case 1: {
        const version = (versions.get(key) ?? 0) + 1;
        versions.set(key, version);
        if (weather !== 'lag' && random.chance(0.7)) {
          await processes[i]!.invalidate(`s/${key}`);
          await settle();
          invalidated.set(key, version);
        }
        break;
      }
      case 4: {
        const lease = processes[i]!.lease.id();
        await settle();
        await cluster
          .client()
          .revokeLease(await lease)
          .catch(() => undefined);
        processes[i]!.lease.lost();
        break;
      }
      default:
        await clock.advance(random.below(1500));
    }
  }
  await clock.advance(60_000);
  await Promise.all(polls);
  look();
  for (const key of keys) {
    const last = processes[1]!.live.entries.get(`s/${key}`)?.value?.value as { version: number } | undefined;
    if (last !== undefined && weather !== 'lag' && last.version !== versions.get(key))
      wrong.push(`${key} stays at ${last.version}, the origin is at ${versions.get(key)}`);
  }
  for (const stop of stopListening) stop();
  await refresher.stop();
  cluster.close();
  await Promise.all(processes.map((mirrors) => mirrors.close()));
  return wrong;
}
