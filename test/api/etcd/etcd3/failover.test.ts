import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Etcd3, EtcdLockFailedError, type IKeyValue, type Namespace } from 'etcd3';
import { type LocalCluster, startLocalCluster } from '../../../../src/local/local-cluster.ts';
import { hasLeases } from './subject.ts';

let folder = '';
let cluster: LocalCluster;
let leases = false;

test.before(async (t) => {
  t.timeout(60_000);
  folder = await mkdtemp(join(tmpdir(), 'tanist-etcd3-'));
  cluster = await startLocalCluster({ folder, hot: 3 });
  leases = await hasLeases(cluster.endpoints[0]!);
});
test.after.always(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs `act` with a client and with what kills the leader, waits for the next one and starts the old one again. */
async function overFailovers(
  prefix: string,
  act: (client: Namespace, killLeader: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const client = new Etcd3({ hosts: [...cluster.endpoints] });
  const killLeader = async (): Promise<void> => {
    const id = await leader();
    cluster.kill(id, 'SIGKILL');
    await leader(id);
    await cluster.restart(id);
  };
  try {
    await act(client.namespace(prefix), killLeader);
  } finally {
    client.close();
  }
}

/** Who serves as the primary, other than `former`. */
async function leader(former?: string): Promise<string> {
  for (;;) {
    for (const { id, addresses } of cluster.nodes) {
      if (id === former) continue;
      const answer = await fetch(`http://${addresses.http}/primary`).catch(() => null);
      if (answer?.status === 200) return id;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** As a user of etcd does it: writes again what failed, since it is the same value. */
async function putUntilDone(client: Namespace, key: string, value: number): Promise<void> {
  for (;;) {
    try {
      await client.put(key).value(value);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

const asText = ({ key, value, mod_revision: at }: IKeyValue): string => `${at} ${key} ${value}`;

test.serial('reads and writes go on', async (t) => {
  t.timeout(60_000);
  await overFailovers('kv/', async (client, killLeader) => {
    const acknowledged = new Map<string, string>();
    let writing = true;
    const writer = (async () => {
      for (let i = 0; writing; i++) {
        await putUntilDone(client, `k${i}`, i);
        acknowledged.set(`k${i}`, String(i));
      }
    })();
    for (let i = 0; i < 2; i++) await killLeader();
    writing = false;
    await writer;
    const found = await client.getAll().strings();
    t.true(acknowledged.size > 10);
    t.deepEqual(found, Object.fromEntries(acknowledged));
  });
});

test.serial('watchers lose and double nothing', async (t) => {
  t.timeout(60_000);
  if (!leases) return t.pass('no watches there yet');
  await overFailovers('watch/', async (client, killLeader) => {
    const { header } = await client.put('first').value('').exec();
    const watcher = await client.watch().prefix('k').create();
    const seen: string[] = [];
    let wake = (): void => {};
    watcher.on('put', (kv) => {
      seen.push(asText(kv));
      wake();
    });
    let writing = true;
    let written = 0;
    const writer = (async () => {
      while (writing) await putUntilDone(client, `k${written++ % 10}`, written);
    })();
    for (let i = 0; i < 2; i++) await killLeader();
    writing = false;
    await writer;
    // What there was to see, as a watcher finds it that begins only now.
    await putUntilDone(client, 'klast', 0);
    const whole = await client.watch().prefix('k').startRevision(header.revision).create();
    const history: string[] = [];
    await new Promise<void>((resolve) => {
      whole.on('put', (kv) => {
        history.push(asText(kv));
        if (String(kv.key) === 'klast') resolve();
      });
    });
    while (!seen.at(-1)?.includes('klast'))
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    t.true(history.length > 10);
    t.deepEqual(seen, history);
    await Promise.all([watcher.cancel(), whole.cancel()]);
  });
});

test.serial('leases live on, and locks on them exclude', async (t) => {
  t.timeout(60_000);
  if (!leases) return t.pass('no leases there yet');
  await overFailovers('lock/', async (client, killLeader) => {
    const lease = client.lease(10);
    await lease.put('on').value('lease');
    const lost: unknown[] = [];
    lease.on('lost', (error) => lost.push(error));
    const lock = await client.lock('resource').ttl(10).acquire();
    for (let i = 0; i < 2; i++) {
      await killLeader();
      await t.throwsAsync(client.lock('resource').acquire(), { instanceOf: EtcdLockFailedError });
      t.true(await client.get('on').exists());
    }
    await lease.keepaliveOnce();
    t.deepEqual(lost, []);
    await lock.release();
    const next = await client.lock('resource').ttl(10).acquire();
    await next.release();
    await lease.revoke();
    t.false(await client.get('on').exists());
  });
});

test.serial('an election keeps its leader', async (t) => {
  t.timeout(60_000);
  if (!leases) return t.pass('no leases there yet');
  await overFailovers('election/', async (client, killLeader) => {
    const election = client.election('boss', 10);
    const one = election.campaign('one');
    await one.wait();
    const observer = await election.observe();
    const two = election.campaign('two');
    const errors: unknown[] = [];
    for (const each of [one, two]) each.on('error', (error) => errors.push(error));
    let twoWins = false;
    const elected = two.wait().then(() => {
      twoWins = true;
    });
    await new Promise<void>((resolve) => two.once('_isWaiting', () => resolve()));
    await killLeader();
    t.is(await election.leader(), 'one');
    t.false(twoWins);
    await one.resign();
    await elected;
    t.is(await election.leader(), 'two');
    t.deepEqual(errors, []);
    await observer.cancel();
    await two.resign();
  });
});

test.serial('software transactions count each once', async (t) => {
  t.timeout(60_000);
  await overFailovers('stm/', async (client, killLeader) => {
    let working = true;
    let done = 0;
    let failed = 0;
    /** The count and the mark are written together, so that one whose end was not heard is not done again. */
    const count = async (mark: string): Promise<void> => {
      const stm = client.stm({ retries: 100 });
      for (;;) {
        try {
          return await stm.transact(async (tx) => {
            if ((await tx.get(mark).string()) !== null) return;
            const next = ((await tx.get('count').number()) ?? 0) + 1;
            await tx.put('count').value(next);
            await tx.put(mark).value(next);
          });
        } catch {
          failed++;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    };
    const workers = [0, 1, 2, 3].map(async (worker) => {
      for (let i = 0; working; i++) {
        await count(`mark/${worker}/${i}`);
        done++;
      }
    });
    for (let i = 0; i < 2; i++) await killLeader();
    working = false;
    await Promise.all(workers);
    t.log(`${done} counted, ${failed} begun again`);
    t.true(done > 10);
    t.is(await client.get('count').number(), done);
    const marks = Object.values(await client.getAll().prefix('mark/').numbers());
    t.deepEqual(
      marks.sort((one, two) => one - two),
      Array.from({ length: done }, (_, i) => i + 1),
    );
  });
});

test.serial('range builders find the same, and comparisons hold', async (t) => {
  t.timeout(60_000);
  await overFailovers('ranges/', async (client, killLeader) => {
    for (let i = 10; i < 40; i++) await client.put(`r/${i}`).value(i);
    await client.put('other').value('');
    let reading = true;
    let read = 0;
    const reader = (async () => {
      while (reading) {
        try {
          const last = await client.getAll().prefix('r/').sort('Key', 'Descend').limit(2).keys();
          t.deepEqual(last, ['r/39', 'r/38']);
          t.is(await client.getAll().inRange({ start: 'r/15', end: 'r/25' }).count(), 10);
          read++;
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    })();
    await killLeader();
    reading = false;
    await reader;
    t.true(read > 10);
    const moved = await client
      .if('r/10', 'Version', '==', 1)
      .and('none', 'Create', '==', 0)
      .then(client.put('r/10').value('moved'), client.get('r/11'))
      .else(client.get('r/10'))
      .commit();
    t.true(moved.succeeded);
    t.is(moved.responses[1]?.response_range?.kvs[0]?.value.toString(), '11');
    t.is(await client.get('r/10').string(), 'moved');
    t.is((await client.delete().prefix('r/')).deleted, '30');
    t.deepEqual(await client.getAll().keys(), ['other']);
  });
});

test.serial('who observes an election hears of the next leader', async (t) => {
  t.timeout(60_000);
  await overFailovers('observed/', async (client, killLeader) => {
    const election = client.election('boss', 10);
    const one = election.campaign('one');
    await one.wait();
    const observer = await election.observe();
    t.is(observer.leader(), 'one');
    await killLeader();
    await one.proclaim('one again');
    while (observer.leader() !== 'one again')
      await new Promise<void>((resolve) => observer.once('change', () => resolve()));
    const two = election.campaign('two');
    await one.resign();
    await two.wait();
    while (observer.leader() !== 'two')
      await new Promise<void>((resolve) => observer.once('change', () => resolve()));
    t.pass();
    await observer.cancel();
    await two.resign();
  });
});
