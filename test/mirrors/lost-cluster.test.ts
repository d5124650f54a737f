import test from 'ava';
import { TanistError } from '../../src/foundation/errors.ts';
import { Refresher } from '../../src/mirrors/refresh/refresher.ts';
import { removeMirror } from '../../src/mirrors/sdk/administration.ts';
import type { Mirrors } from '../../src/mirrors/sdk/mirrors.ts';
import { openMirrors } from '../../src/mirrors/sdk/open-mirrors.ts';
import type { StateClient } from '../../src/ports/state-client.ts';
import { codeOf, source, world } from './world.ts';

test('a cluster that answers no claim is lost, however many sources are asked for: a lease of before says nothing', async (t) => {
  const { clock, cluster, origin, open, close } = world();
  const client = cluster.client();
  let silent = false;
  const hanging = new Proxy(client, {
    get: (target, name: keyof StateClient) => {
      const value = target[name];
      if (typeof value !== 'function') return value;
      if (name !== 'txn') return value.bind(target);
      return (...args: Parameters<StateClient['txn']>) =>
        silent
          ? new Promise((_, reject) =>
              clock.after(args[1]?.deadlineMs ?? 10_000, () =>
                reject(new TanistError('deadline-exceeded', 'no answer')),
              ),
            )
          : target.txn(...args);
    },
  });
  const names = Array.from({ length: 20 }, (_, i) => `s${i}`);
  const mirrors = await openMirrors(hanging, {
    clock,
    sources: Object.fromEntries(names.map((name) => [name, source])),
    may: { own: { fake: origin } },
    directBudget: { perMinute: 600, burst: 100 },
  });
  for (const name of names) await mirrors.poll(`${name}/a`);
  await clock.advance(1000);
  silent = true;
  const found: string[] = [];
  for (let i = 0; i < 50; i++) {
    origin.documents.set(`k${i}`, i);
    mirrors.poll(`s${i % 20}/k${i}`).then(
      ({ hit }) => found.push(hit),
      (error: TanistError) => found.push(error.code),
    );
    await clock.advance(400);
  }
  await clock.advance(15_000);
  t.deepEqual(found, Array<string>(50).fill('direct'));
  silent = false;
  await mirrors.close();
  await open();
  await close();
});

/** What a watch yields, as it comes. */
function watched(mirrors: Mirrors, name: string): unknown[] {
  const events: unknown[] = [];
  void (async () => {
    for await (const event of mirrors.watch(name))
      events.push(event.kind === 'missing' ? event.kind : event.state.value);
  })();
  return events;
}

test('a watch that began while the cluster was down hears of the resource once it is back', async (t) => {
  const { clock, cluster, origin, close } = world();
  let up = false;
  const connect = async (): Promise<StateClient> => {
    if (!up) throw new TanistError('unavailable', 'down');
    return cluster.client();
  };
  const opening = openMirrors(connect, { clock, sources: { s: source }, may: { own: { fake: origin } } });
  await clock.advance(4000);
  const mirrors = await opening;
  const events = watched(mirrors, 's/a');
  await clock.advance(2000);
  up = true;
  origin.documents.set('a', { cpu: 2 });
  await clock.advance(120_000);
  t.deepEqual(events, [{ cpu: 2 }]);
  await close();
  await mirrors.close();
});

test('a mirror that is taken away while it is watched is made again, and its changes are told', async (t) => {
  const { clock, cluster, origin, open, close } = world({ freshForMs: 5000 });
  const mirrors = await open();
  const events = watched(mirrors, 's/a');
  await clock.advance(1000);
  await removeMirror(cluster.client(), 's/a');
  origin.documents.set('a', { cpu: 2 });
  await clock.advance(30_000);
  t.deepEqual(events, [{ cpu: 1 }, { cpu: 2 }]);
  await close();
});

test('what is watched and missing is not forgotten: it is told when it comes to be', async (t) => {
  const config = { freshForMs: 1000, idleMs: 20_000, forgetMs: 60_000, refresh: 'interval' };
  const { clock, cluster, origin, open, close } = world(config);
  const mirrors = await open({ reportMs: 5000 });
  const refresher = new Refresher(mirrors);
  refresher.start();
  const events = watched(mirrors, 's/later');
  await clock.advance(20_000);
  const { resources } = await mirrors.health();
  t.true((resources.find(({ id }) => id === 's/later')?.readsPerSecond ?? 0) > 0);
  t.is(await codeOf(mirrors.poll('s/later')), 'resource-missing');
  await clock.advance(200_000);
  t.truthy(mirrors.live.entries.get('s/later')?.check);
  origin.documents.set('later', { cpu: 3 });
  await clock.advance(30_000);
  t.deepEqual(events, ['missing', { cpu: 3 }]);
  await refresher.stop();
  cluster.reachable = true;
  await close();
});

test('a cluster that cannot be reached is tried less and less often, and said to be so once', async (t) => {
  const { clock, origin, cluster, close } = world();
  let attempts = 0;
  let up = false;
  const connect = async (): Promise<StateClient> => {
    attempts++;
    if (!up) throw new TanistError('unavailable', 'down');
    return cluster.client();
  };
  const troubles: string[] = [];
  const opening = openMirrors(connect, {
    clock,
    sources: { s: source },
    may: { own: { fake: origin } },
    reportMs: 3_600_000,
    onTrouble: ({ message }) => void troubles.push(message),
  });
  await clock.advance(60_000);
  const mirrors = await opening;
  t.true(attempts >= 10 && attempts <= 20, `${attempts}`);
  t.deepEqual(troubles, ['down']);
  up = true;
  await clock.advance(5000);
  t.true(mirrors.live.following);
  await mirrors.close();
  await close();
});

test('an origin that cannot be opened holds nobody up for longer than its time-out', async (t) => {
  const { clock, open, close } = world({ timeoutMs: 2000 });
  const mirrors = await open();
  mirrors.sources.origin = () => new Promise(() => undefined);
  let code = '';
  void codeOf(mirrors.poll('s/a')).then((found) => {
    code = found;
  });
  await clock.advance(4100);
  t.is(code, 'origin-slow');
  await close();
});
