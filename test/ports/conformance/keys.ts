import { noLease, revision } from '../../../src/foundation/ids.ts';
import type { RangeOptions, StateClient } from '../../../src/ports/state-client.ts';
import { failure, readable, type Suite, text } from './subject.ts';

/** Five keys whose orders by value, version, creation and modification all differ. The revision before the first. */
async function prepared(client: StateClient, prefix: string): Promise<number> {
  const { revision: base } = await client.get(prefix);
  const puts = [
    ['b', 'v3'], // base + 1
    ['a', 'v5'],
    ['d', 'v1'],
    ['c', 'v4'],
    ['e', 'v2'],
    ['a', 'v0'], // base + 6
    ['a', 'v6'],
    ['d', 'v9'],
  ] as const;
  for (const [key, value] of puts) await client.put(prefix + key, value);
  return base;
}

export function keys({ test }: Suite): void {
  test('keys and values, revisions and versions', async (t, { client }, prefix) => {
    const base = (await client.get(prefix)).revision;
    t.deepEqual(await client.put(`${prefix}ü`, 'grün'), { revision: revision(base + 1), previous: null });
    const bytes = Buffer.from([0, 255, 128]);
    const second = await client.put(Buffer.from(`${prefix}ü`), bytes, { previous: true });
    const first = {
      key: Buffer.from(`${prefix}ü`).toString('latin1'),
      value: Buffer.from('grün').toString('latin1'),
      createRevision: base + 1,
      modRevision: base + 1,
      version: 1,
      lease: noLease,
    };
    t.deepEqual(readable(second), { revision: base + 2, previous: first });
    t.deepEqual(readable(await client.get(`${prefix}ü`)), {
      revision: base + 2,
      values: [{ ...first, value: '\0\xff\x80', modRevision: base + 2, version: 2 }],
      count: 1,
      more: false,
      ageMs: 0,
    });
    const gone = await client.delete(`${prefix}ü`);
    t.deepEqual(gone, { revision: revision(base + 3), deleted: 1, previous: [] });
    t.deepEqual(await client.delete(`${prefix}ü`), {
      revision: revision(base + 3),
      deleted: 0,
      previous: [],
    });
    t.deepEqual(await client.get(`${prefix}ü`), {
      revision: revision(base + 3),
      values: [],
      count: 0,
      more: false,
      ageMs: 0,
    });
    const again = await client.put(`${prefix}ü`, '', { previous: true });
    t.is(again.previous, null);
    const [created] = (await client.get(`${prefix}ü`)).values;
    t.is(created?.version, 1);
    t.is(created?.createRevision, revision(base + 4));
    t.is(created?.value.length, 0);
  });

  test('ranges: bounds', async (t, { client }, prefix) => {
    await prepared(client, prefix);
    const found = async (key: string, options: RangeOptions): Promise<string> =>
      (await client.get(prefix + key, options)).values.map((each) => text(each.key)?.at(-1)).join('');
    t.is(await found('', { prefix: true }), 'abcde');
    t.is(await found('b', { rangeEnd: `${prefix}d` }), 'bc');
    t.is(await found('b', { rangeEnd: `${prefix}a` }), '');
    t.is(await found('b', { rangeEnd: `${prefix}b` }), '');
    t.is(await found('b', { prefix: true }), 'b');
    t.is(await found('x', { prefix: true }), '');
    t.true((await found('c', { rangeEnd: '\0' })).startsWith('cde'));
    const all = await client.get('', { prefix: true });
    t.is(all.count, all.values.length);
    t.deepEqual(
      readable(await client.get('\0', { rangeEnd: '\0' })),
      readable(all),
      'the empty prefix is every key',
    );
    t.is((await client.get('', { prefix: true, limit: 1 })).more, all.count > 1);
  });

  test('ranges: limit, count, more', async (t, { client }, prefix) => {
    await prepared(client, prefix);
    for (const [limit, more] of [
      [0, false],
      [1, true],
      [4, true],
      [5, false],
      [6, false],
    ] as const) {
      const answer = await client.get(prefix, { prefix: true, limit });
      t.is(answer.values.length, limit === 0 ? 5 : Math.min(5, limit));
      t.is(answer.count, 5);
      t.is(answer.more, more, `limit ${limit}`);
    }
    const counted = await client.get(prefix, { prefix: true, countOnly: true });
    t.deepEqual([counted.count, counted.values.length, counted.more], [5, 0, false]);
    const keysOnly = await client.get(prefix, { prefix: true, keysOnly: true });
    t.deepEqual(
      keysOnly.values.map(({ value, version }) => [value.length, version]),
      [3, 1, 1, 2, 1].map((version) => [0, version]),
    );
  });

  test('ranges: sorted', async (t, { client }, prefix) => {
    await prepared(client, prefix);
    const orders = {
      key: 'abcde',
      create: 'badce',
      mod: 'bcead',
      value: 'ebcad',
    } as const;
    for (const [sortBy, order] of Object.entries(orders)) {
      const options = { prefix: true, sortBy: sortBy as keyof typeof orders };
      const up = await client.get(prefix, { ...options, order: 'ascend' });
      t.is(up.values.map((each) => text(each.key)?.at(-1)).join(''), order, `${sortBy} up`);
      const down = await client.get(prefix, { ...options, order: 'descend', limit: 2 });
      t.is(
        down.values.map((each) => text(each.key)?.at(-1)).join(''),
        [...order].reverse().join('').slice(0, 2),
        `${sortBy} down`,
      );
      t.true(down.more);
    }
    const versions = await client.get(prefix, { prefix: true, sortBy: 'version', order: 'descend' });
    t.deepEqual(
      versions.values.map(({ version }) => version),
      [3, 2, 1, 1, 1],
    );
  });

  test('ranges: by revision', async (t, { client }, prefix) => {
    const base = await prepared(client, prefix);
    const at = async (offset: number, more: RangeOptions = {}): Promise<string> => {
      const answer = await client.get(prefix, { prefix: true, revision: revision(base + offset), ...more });
      t.is(answer.revision, revision(base + 8));
      return answer.values.map(({ key, value }) => `${text(key)?.at(-1)}${text(value)}`).join(' ');
    };
    t.is(await at(0), '');
    t.is(await at(2), 'av5 bv3');
    t.is(await at(6), 'av0 bv3 cv4 dv1 ev2');
    t.is(await at(6, { limit: 2 }), 'av0 bv3');
    t.is(await at(8), 'av6 bv3 cv4 dv9 ev2');
    const bounded = async (bounds: Record<string, number>): Promise<string> => {
      const options = Object.fromEntries(
        Object.entries(bounds).map(([name, offset]) => [name, revision(base + offset)]),
      );
      const answer = await client.get(prefix, { prefix: true, ...options });
      return `${answer.values.map(({ key }) => text(key)?.at(-1)).join('')} of ${answer.count}`;
    };
    t.is(await bounded({ minModRevision: 5 }), 'ade of 5');
    t.is(await bounded({ maxModRevision: 5 }), 'bce of 5');
    t.is(await bounded({ minCreateRevision: 3 }), 'cde of 5');
    t.is(await bounded({ maxCreateRevision: 3 }), 'abd of 5');
    t.is(await bounded({ minModRevision: 5, maxCreateRevision: 3 }), 'ad of 5');
    t.is(await failure(client.get(prefix, { revision: revision(base + 9) })), 'revision-future');
  });

  test('serializable reads', async (t, { client }, prefix) => {
    const { revision: at } = await client.put(`${prefix}k`, 'v');
    let seen = await client.get(`${prefix}k`, { consistency: 'serializable' });
    while (seen.revision < at) {
      // Inside a node such a read waits for nothing, and what it waits for needs the event loop.
      await new Promise((resolve) => setImmediate(resolve));
      seen = await client.get(`${prefix}k`, { consistency: 'serializable' });
    }
    t.is(text(seen.values[0]?.value), 'v');
    t.true(seen.ageMs >= 0);
  });

  test('deletes', async (t, { client }, prefix) => {
    const base = await prepared(client, prefix);
    const one = await client.delete(`${prefix}b`, { rangeEnd: `${prefix}d`, previous: true });
    t.is(one.revision, revision(base + 9));
    t.is(one.deleted, 2);
    t.deepEqual(
      one.previous.map(({ key, value, modRevision }) => [text(key), text(value), modRevision]),
      [
        [`${prefix}b`, 'v3', revision(base + 1)],
        [`${prefix}c`, 'v4', revision(base + 4)],
      ],
    );
    t.deepEqual(await client.delete(prefix, { prefix: true }), {
      revision: revision(base + 10),
      deleted: 3,
      previous: [],
    });
    t.is((await client.delete(prefix, { prefix: true, previous: true })).revision, revision(base + 10));
  });

  test('compaction', async (t, subject, prefix) => {
    const { client } = subject;
    const base = await prepared(client, prefix);
    await subject.compact(base + 7);
    t.is(await failure(client.get(prefix, { revision: revision(base + 6) })), 'revision-compacted');
    const left = await client.get(prefix, { prefix: true, revision: revision(base + 7) });
    t.is(left.values.map(({ value }) => text(value)).join(' '), 'v6 v3 v4 v1 v2');
    const inTxn = client.txn({
      if: [],
      // biome-ignore lint/suspicious/noThenProperty: the word that etcd's transactions use
      then: [
        { put: `${prefix}x`, value: '' },
        { get: prefix, options: { revision: revision(base + 6) } },
      ],
    });
    t.is(await failure(inTxn), 'revision-compacted');
    t.is((await client.get(`${prefix}x`)).count, 0, 'nothing of it was applied');
  });
}
