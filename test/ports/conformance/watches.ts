// biome-ignore-all lint/suspicious/noThenProperty: the word that etcd's transactions use
import { revision } from '../../../src/foundation/ids.ts';
import { eventText, failure, readable, type Suite, Watching } from './subject.ts';

export function watches({ test }: Suite): void {
  test(
    'watch: from the present on, after a bookmark',
    async (t, { client }, prefix) => {
      const { revision: before } = await client.put(`${prefix}k`, 'before');
      const watching = new Watching(client, `${prefix}k`);
      const first = await watching.batch();
      t.deepEqual(first, { revision: before, events: [] });
      await client.put(`${prefix}other`, 'unseen');
      await client.put(`${prefix}k`, 'after');
      await client.delete(`${prefix}k`);
      const events = await watching.events(2);
      const after = {
        key: `${prefix}k`,
        value: 'after',
        createRevision: before,
        modRevision: before + 2,
        version: 2,
        lease: 0n,
      };
      t.deepEqual(readable(events), [
        { type: 'put', keyValue: after },
        {
          type: 'delete',
          keyValue: {
            key: `${prefix}k`,
            value: '',
            createRevision: 0,
            modRevision: before + 3,
            version: 0,
            lease: 0n,
          },
        },
      ]);
      t.true(await watching.ends());
    },
    'watch',
  );

  test(
    'watch: prefixes, ranges, previous values',
    async (t, { client }, prefix) => {
      await client.put(`${prefix}a`, 'a1');
      const whole = new Watching(client, prefix, { prefix: true, previous: true });
      const part = new Watching(client, `${prefix}b`, { rangeEnd: `${prefix}d` });
      await whole.batch();
      await part.batch();
      for (const key of ['a', 'b', 'c', 'd']) await client.put(prefix + key, `${key}2`);
      await client.delete(prefix, { prefix: true });
      t.deepEqual((await whole.events(8)).map(eventText), [
        `put ${prefix}a = a2 v2 was a1`,
        `put ${prefix}b = b2 v1`,
        `put ${prefix}c = c2 v1`,
        `put ${prefix}d = d2 v1`,
        `delete ${prefix}a v0 was a2`,
        `delete ${prefix}b v0 was b2`,
        `delete ${prefix}c v0 was c2`,
        `delete ${prefix}d v0 was d2`,
      ]);
      t.deepEqual((await part.events(4)).map(eventText), [
        `put ${prefix}b = b2 v1`,
        `put ${prefix}c = c2 v1`,
        `delete ${prefix}b v0`,
        `delete ${prefix}c v0`,
      ]);
      t.true((await whole.ends()) && (await part.ends()));
    },
    'watch',
  );

  test(
    'watch: past and future',
    async (t, { client }, prefix) => {
      const { revision: first } = await client.put(`${prefix}k`, '1');
      for (const value of ['2', '3']) await client.put(`${prefix}k`, value);
      const past = new Watching(client, `${prefix}k`, { fromRevision: revision(first + 1), previous: true });
      const future = new Watching(client, `${prefix}k`, { fromRevision: revision(first + 5) });
      t.deepEqual((await past.events(2)).map(eventText), [
        `put ${prefix}k = 2 v2 was 1`,
        `put ${prefix}k = 3 v3 was 2`,
      ]);
      const seen = future.events(1);
      for (const value of ['4', '5', '6']) await client.put(`${prefix}k`, value);
      t.deepEqual((await past.events(3)).map(eventText), [
        `put ${prefix}k = 4 v4 was 3`,
        `put ${prefix}k = 5 v5 was 4`,
        `put ${prefix}k = 6 v6 was 5`,
      ]);
      t.deepEqual((await seen).map(eventText), [`put ${prefix}k = 6 v6`]);
      t.true((await past.ends()) && (await future.ends()));
    },
    'watch',
  );

  test(
    'watch: a revision is one batch',
    async (t, { client }, prefix) => {
      const { revision: base } = await client.get(prefix);
      const operations = Array.from({ length: 100 }, (_, i) => ({ put: `${prefix}${i}`, value: String(i) }));
      const live = new Watching(client, prefix, { prefix: true });
      await live.batch();
      for (let i = 0; i < 12; i++) await client.txn({ if: [], then: operations });
      const late = new Watching(client, prefix, { prefix: true, fromRevision: revision(base + 1) });
      for (const watching of [live, late]) {
        let events = 0;
        while (events < 1200) {
          const batch = await watching.batch();
          t.is(batch.events.length % 100, 0, 'events of whole revisions');
          events += batch.events.length;
        }
        t.is(events, 1200);
        t.true(await watching.ends());
      }
    },
    'watch',
  );

  test(
    'watch: what is compacted is said',
    async (t, subject, prefix) => {
      const { client } = subject;
      const { revision: first } = await client.put(`${prefix}k`, '1');
      for (const value of ['2', '3']) await client.put(`${prefix}k`, value);
      await subject.compact(first + 2);
      const gone = client.watch(`${prefix}k`, { fromRevision: first });
      t.is(await failure(gone[Symbol.asyncIterator]().next()), 'revision-compacted');
      const left = new Watching(client, `${prefix}k`, { fromRevision: revision(first + 2) });
      t.deepEqual((await left.events(1)).map(eventText), [`put ${prefix}k = 3 v3`]);
      t.true(await left.ends());
    },
    'watch',
  );

  test(
    'watch: ends with its signal, and with its consumer',
    async (t, { client }, prefix) => {
      const idle = new Watching(client, `${prefix}k`);
      await idle.batch();
      t.true(await idle.ends());
      const never = new Watching(client, `${prefix}k`, { fromRevision: revision(1_000_000_000) });
      t.true(await never.ends());
      const { revision: at } = await client.put(`${prefix}k`, 'v');
      for await (const { events } of client.watch(`${prefix}k`, { fromRevision: at })) {
        t.is(events.length, 1);
        break;
      }
    },
    'watch',
  );

  test(
    'watch: a consumer that is slow misses nothing',
    async (t, { client }, prefix) => {
      const value = 'x'.repeat(128 * 1024);
      const watching = new Watching(client, prefix, { prefix: true });
      await watching.batch();
      const count = 60;
      for (let i = 0; i < count; i++) await client.put(`${prefix}${i % 7}`, `${i} ${value}`);
      const events = await watching.events(count);
      t.deepEqual(
        events.map(({ keyValue }) =>
          Number.parseInt(Buffer.from(keyValue.value.subarray(0, 3)).toString(), 10),
        ),
        Array.from({ length: count }, (_, i) => i),
      );
      t.true(await watching.ends());
    },
    'watch',
  );
}
