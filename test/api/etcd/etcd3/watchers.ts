import { type Etcd3Suite, events } from './subject.ts';

export function watchers({ test }: Etcd3Suite): void {
  test(
    'watchers: one key, a prefix, previous values',
    async (t, client) => {
      await client.put('k').value('0');
      const one = await client.watch().key('k').withPreviousKV().create();
      const all = await client.watch().prefix('').create();
      const puts = events(one, 'put', 2, (kv, previous) => `${kv.key} ${previous?.value} → ${kv.value}`);
      const deleted = events(one, 'delete', 1, (kv, previous) => `${kv.key} was ${previous?.value}`);
      const seen = events(all, 'put', 3, ({ key, value }) => `${key} ${value}`);
      await client.put('k').value('1');
      await client.put('other').value('x');
      await client.put('k').value('2');
      await client.delete().key('k');
      t.deepEqual(await puts, ['k 0 → 1', 'k 1 → 2']);
      t.deepEqual(await deleted, ['k was 2']);
      t.deepEqual(await seen, ['k 1', 'other x', 'k 2']);
      await Promise.all([one.cancel(), all.cancel()]);
    },
    'leases',
  );

  test(
    'watchers: from a revision in the past, filters, ranges',
    async (t, client) => {
      const { header } = await client.put('b').value('1').exec();
      await client.put('b').value('2');
      await client.put('c').value('3');
      await client.delete().key('b');
      const past = await client.watch().prefix('').startRevision(header.revision).create();
      t.deepEqual(await events(past, 'put', 3, ({ key, value }) => `${key}${value}`), ['b1', 'b2', 'c3']);
      const deletes = client.watch().prefix('').only('delete').startRevision(header.revision).watcher();
      const kinds: string[] = [];
      deletes.on('put', () => kinds.push('put'));
      await events(deletes, 'delete', 1, ({ key }) => key);
      t.deepEqual(kinds, []);
      const range = await client.watch().inRange({ start: 'a', end: 'b' }).create();
      const found = events(range, 'put', 1, ({ key }) => String(key));
      await client.put('b').value('');
      await client.put('a').value('');
      t.deepEqual(await found, ['a']);
      await Promise.all([past.cancel(), deletes.cancel(), range.cancel()]);
    },
    'leases',
  );

  test(
    'watchers: many on one stream',
    async (t, client) => {
      const all = await Promise.all(
        Array.from({ length: 50 }, (_, i) => client.watch().key(`k${i}`).create()),
      );
      const seen = all.map((watcher) => events(watcher, 'put', 1, ({ key, value }) => `${key}=${value}`));
      await Promise.all(all.map((_, i) => client.put(`k${i}`).value(i).exec()));
      t.deepEqual(
        (await Promise.all(seen)).map(([first]) => first),
        all.map((_, i) => `k${i}=${i}`),
      );
      await Promise.all(all.map((watcher) => watcher.cancel()));
    },
    'leases',
  );
}
