// biome-ignore-all lint/suspicious/noThenProperty: the word that etcd's transactions use
import { leaseId, revision } from '../../../src/foundation/ids.ts';
import type { ClientOperation } from '../../../src/ports/state-client.ts';
import { failure, type Suite } from './subject.ts';

export function failures({ test }: Suite): void {
  test('errors by code', async (t, { client }, prefix) => {
    const key = `${prefix}k`;
    const before = (await client.get(key)).revision;
    const puts = (count: number): ClientOperation[] =>
      Array.from({ length: count }, (_, i) => ({ put: `${prefix}${i}`, value: '' }));
    const nobody = leaseId(987_654_321n);
    const cases: Readonly<Record<string, readonly Promise<unknown>[]>> = {
      'key-empty': [
        client.get(''),
        client.put('', 'v'),
        client.delete(''),
        client.txn({ if: [], then: [{ put: '', value: '' }] }),
        client.txn({ if: [{ key: '', is: '=', version: 0 }], then: [] }),
        client.get('', { rangeEnd: 'x' }),
        client.watch('')[Symbol.asyncIterator]().next(),
      ],
      'invalid-argument': [
        client.get(key, { limit: -1 }),
        client.get(key, { limit: 0.5 }),
        client.get(key, { revision: revision(-1) }),
        client.put(key, '', { lease: leaseId(-1n) }),
        client.grantLease(Number.NaN),
        client
          .watch(key, { fromRevision: revision(-1) })
          [Symbol.asyncIterator]()
          .next(),
      ],
      'lease-not-found': [
        client.put(key, 'v', { lease: nobody }),
        client.txn({ if: [], then: [{ put: key, value: 'v', lease: nobody }] }),
      ],
      'value-too-large': [client.put(key, Buffer.alloc(2 * 1024 * 1024))],
      'transaction-too-large': [client.txn({ if: [], then: puts(129) })],
      'duplicate-key': [
        client.txn({ if: [], then: [...puts(1), ...puts(1)] }),
        client.txn({ if: [], then: [...puts(1), { txn: { if: [], then: puts(1) } }] }),
        client.txn({ if: [], then: [...puts(1), { delete: prefix, prefix: true }] }),
      ],
      'revision-future': [
        client.get(key, { revision: revision(1_000_000_000) }),
        client.txn({ if: [], then: [{ get: key, options: { revision: revision(1_000_000_000) } }] }),
      ],
    };
    for (const [code, calls] of Object.entries(cases))
      for (const [i, call] of calls.entries()) t.is(await failure(call), code, `${code} ${i}`);
    t.is((await client.get(key)).revision, before, 'nothing was applied');
    t.is((await client.txn({ if: [], then: puts(128) })).revision, revision(before + 1));
  });

  test(
    'errors of leases by code',
    async (t, { client }) => {
      const nobody = leaseId(987_654_322n);
      t.is(await failure(client.revokeLease(nobody)), 'lease-not-found');
      t.is(await failure(client.keepLeaseAlive(nobody)), 'lease-not-found');
      t.is(await failure(client.grantLease(9_000_000_001_000)), 'lease-ttl-invalid');
      const { id } = await client.grantLease(60_000);
      t.is(await failure(client.grantLease(60_000, { id })), 'lease-exists');
      await client.revokeLease(id);
    },
    'leases',
  );

  test('a signal that was aborted, and a deadline that is over, before a call', async (t, {
    client,
  }, prefix) => {
    const key = `${prefix}k`;
    const { revision: before } = await client.get(key);
    const late = [{ signal: AbortSignal.abort() }, { deadlineMs: 0 }] as const;
    for (const options of late) {
      const code = 'signal' in options ? 'cancelled' : 'deadline-exceeded';
      t.is(await failure(client.get(key, options)), code);
      t.is(await failure(client.put(key, 'v', options)), code);
      t.is(await failure(client.delete(key, options)), code);
      t.is(await failure(client.txn({ if: [], then: [{ put: key, value: '' }] }, options)), code);
      t.is(await failure(client.grantLease(60_000, options)), code);
      t.is(await failure(client.revokeLease(leaseId(1n), options)), code);
      t.is(await failure(client.keepLeaseAlive(leaseId(1n), options)), code);
    }
    t.is((await client.get(key)).revision, before, 'nothing was sent');
    const watch = client.watch(key, { signal: AbortSignal.abort() });
    t.true((await watch[Symbol.asyncIterator]().next()).done);
  });

  test('while nothing is answered: signals and deadlines', async (t, subject, prefix) => {
    const { client } = subject;
    const key = `${prefix}k`;
    await client.put(key, 'before');
    await subject.stalled(async () => {
      const deadlineMs = 200;
      t.is(await failure(client.get(key, { deadlineMs })), 'deadline-exceeded', 'reads change nothing');
      const late = await failure(client.put(key, 'late', { deadlineMs }));
      t.regex(
        late,
        /^deadline-exceeded$|\?$/,
        'a leader that steps down may say first that it does not know',
      );
      const controller = new AbortController();
      const calls = [
        failure(client.put(key, 'cancelled', { signal: controller.signal })),
        failure(client.get(key, { signal: controller.signal })),
      ];
      setTimeout(() => controller.abort(), 100);
      const [put, get] = await Promise.all(calls);
      t.regex(put ?? '', /^cancelled$|\?$/);
      t.is(get, 'cancelled');
    });
    const { values } = await client.get(key, { deadlineMs: 30_000 });
    t.is(values.length, 1, 'it goes on afterwards');
  });
}
