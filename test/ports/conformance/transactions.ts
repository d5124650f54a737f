// biome-ignore-all lint/suspicious/noThenProperty: the word that etcd's transactions use
import { leaseId, revision } from '../../../src/foundation/ids.ts';
import type { ClientCompare, StateClient } from '../../../src/ports/state-client.ts';
import { readable, type Suite } from './subject.ts';

async function holds(client: StateClient, ...compares: ClientCompare[]): Promise<boolean> {
  return (await client.txn({ if: compares, then: [] })).succeeded;
}

const signs = ['=', '!=', '>', '<'] as const;
/** What holds of a left side that is less than, equal to, greater than the right one. */
const expected = {
  less: [false, true, false, true],
  equal: [true, false, false, false],
  greater: [false, true, true, false],
};

export function transactions({ test }: Suite): void {
  test('compares: every target, every relation', async (t, { client }, prefix) => {
    const key = `${prefix}k`;
    const { revision: created } = await client.put(key, 'b');
    const { revision: mod } = await client.put(key, 'm');
    const targets = {
      version: (by: number) => ({ version: 2 - by }),
      createRevision: (by: number) => ({ createRevision: created - by }),
      modRevision: (by: number) => ({ modRevision: mod - by }),
      value: (by: number) => ({ value: 'nml'[by + 1] ?? '' }),
    };
    for (const [name, of] of Object.entries(targets))
      for (const [relation, by] of [
        ['less', -1],
        ['equal', 0],
        ['greater', 1],
      ] as const) {
        const found = [];
        for (const is of signs) found.push(await holds(client, { key, is, ...of(by) } as ClientCompare));
        t.deepEqual(found, expected[relation], `${name} ${relation}`);
      }
    for (const [lease, relation] of [
      [1n, 'less'],
      [0n, 'equal'],
    ] as const) {
      const found = [];
      for (const is of signs) found.push(await holds(client, { key, is, lease: leaseId(lease) }));
      t.deepEqual(found, expected[relation], `lease ${relation}`);
    }
  });

  test('compares: absent keys and ranges', async (t, { client }, prefix) => {
    const none = `${prefix}none`;
    t.true(await holds(client, { key: none, is: '=', version: 0 }));
    t.true(await holds(client, { key: none, is: '=', createRevision: 0 }));
    t.true(await holds(client, { key: none, is: '<', modRevision: 1 }));
    t.true(await holds(client, { key: none, is: '=', lease: leaseId(0n) }));
    t.false(await holds(client, { key: none, is: '=', value: '' }));
    t.false(await holds(client, { key: none, is: '!=', value: 'x' }));
    await client.put(`${prefix}r1`, 'x');
    await client.put(`${prefix}r2`, 'x');
    const range = { key: `${prefix}r`, rangeEnd: `${prefix}s` };
    t.true(await holds(client, { ...range, is: '=', value: 'x' }));
    t.true(await holds(client, { ...range, is: '=', version: 1 }));
    await client.put(`${prefix}r2`, 'y');
    t.false(await holds(client, { ...range, is: '=', value: 'x' }));
    t.true(await holds(client, { ...range, is: '>', version: 0 }));
    t.true(await holds(client, { key: `${prefix}t`, rangeEnd: `${prefix}u`, is: '=', version: 0 }));
    t.false(await holds(client, { ...range, is: '=', value: 'x' }, { ...range, is: '>', version: 0 }));
  });

  test('both branches, with every operation', async (t, { client }, prefix) => {
    const key = `${prefix}k`;
    const base = (await client.get(key)).revision;
    const transaction = {
      if: [{ key, is: '=', version: 0 }],
      then: [{ put: key, value: 'mine', previous: true }, { get: key }],
      else: [
        { get: prefix, options: { prefix: true, keysOnly: true } },
        { put: key, value: 'again', previous: true },
        { get: key },
        { delete: `${prefix}x`, rangeEnd: `${prefix}z`, previous: true },
      ],
    } as const;
    const mine = {
      key,
      value: 'mine',
      createRevision: base + 1,
      modRevision: base + 1,
      version: 1,
      lease: 0n,
    };
    t.deepEqual(readable(await client.txn(transaction)), {
      revision: base + 1,
      succeeded: true,
      answers: [
        { kind: 'put', previous: null },
        { kind: 'get', revision: base + 1, values: [mine], count: 1, more: false },
      ],
    });
    await client.put(`${prefix}y`, 'old');
    const again = { ...mine, value: 'again', modRevision: base + 3, version: 2 };
    const old = { ...mine, key: `${prefix}y`, value: 'old', createRevision: base + 2, modRevision: base + 2 };
    const answer = readable(await client.txn(transaction)) as { answers: unknown[] };
    t.deepEqual(answer.answers.slice(1), [
      { kind: 'put', previous: mine },
      { kind: 'get', revision: base + 3, values: [again], count: 1, more: false },
      { kind: 'delete', deleted: 1, previous: [old] },
    ]);
    t.is((await client.get(key)).revision, revision(base + 3), 'one revision for all of it');
    t.deepEqual(await client.txn({ if: [], then: [] }), {
      revision: revision(base + 3),
      succeeded: true,
      answers: [],
    });
    t.deepEqual(await client.txn({ if: [{ key, is: '=', version: 9 }], then: [{ get: key }] }), {
      revision: revision(base + 3),
      succeeded: false,
      answers: [],
    });
  });

  test('nested', async (t, { client }, prefix) => {
    const base = (await client.get(prefix)).revision;
    const answer = await client.txn({
      if: [],
      then: [
        { put: `${prefix}a`, value: '1' },
        {
          txn: {
            if: [{ key: `${prefix}b`, is: '=', version: 0 }],
            then: [
              { put: `${prefix}b`, value: '2' },
              {
                txn: {
                  if: [{ key: `${prefix}c`, is: '>', version: 0 }],
                  then: [],
                  else: [{ get: `${prefix}b` }],
                },
              },
            ],
          },
        },
        { get: prefix, options: { prefix: true, countOnly: true } },
      ],
    });
    const b = {
      key: `${prefix}b`,
      value: '2',
      createRevision: base + 1,
      modRevision: base + 1,
      version: 1,
      lease: 0n,
    };
    t.deepEqual(readable(answer), {
      revision: base + 1,
      succeeded: true,
      answers: [
        { kind: 'put', previous: null },
        {
          kind: 'txn',
          revision: base + 1,
          succeeded: true,
          answers: [
            { kind: 'put', previous: null },
            {
              kind: 'txn',
              revision: base + 1,
              succeeded: false,
              answers: [{ kind: 'get', revision: base + 1, values: [b], count: 1, more: false }],
            },
          ],
        },
        { kind: 'get', revision: base + 1, values: [], count: 2, more: false },
      ],
    });
  });

  test('reads of older revisions', async (t, { client }, prefix) => {
    const key = `${prefix}k`;
    const { revision: first } = await client.put(key, 'old');
    await client.put(key, 'new');
    const answer = await client.txn({
      if: [],
      then: [{ get: key, options: { revision: first } }, { put: key, value: 'newest' }, { get: key }],
    });
    const values = answer.answers.map((each) =>
      each.kind === 'get' ? String(each.values[0]?.value) : each.kind,
    );
    t.deepEqual(
      values,
      ['old', 'put', 'newest'].map((each) => (each === 'put' ? each : String(Buffer.from(each)))),
    );
  });
}
