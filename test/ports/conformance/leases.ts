// biome-ignore-all lint/suspicious/noThenProperty: the word that etcd's transactions use
import { leaseId } from '../../../src/foundation/ids.ts';
import { failure, type Suite, text, Watching } from './subject.ts';

export function leases({ test }: Suite): void {
  test(
    'leases: granted, renewed, revoked',
    async (t, { client }) => {
      const granted = await client.grantLease(61_500);
      t.true(granted.id > 0n && granted.id < 2n ** 63n);
      t.true(granted.ttlMs >= 61_500 && granted.ttlMs <= 62_000, String(granted.ttlMs));
      t.deepEqual(await client.keepLeaseAlive(granted.id), { ttlMs: granted.ttlMs });
      await client.revokeLease(granted.id);
      t.is(await failure(client.keepLeaseAlive(granted.id)), 'lease-not-found');
      t.is(await failure(client.revokeLease(granted.id)), 'lease-not-found');
      for (const id of [leaseId(77n), leaseId(2n ** 63n - 1n), leaseId(2n ** 64n - 5n)]) {
        t.is((await client.grantLease(60_000, { id })).id, id);
        await client.revokeLease(id);
      }
      const short = await client.grantLease(1);
      t.true(short.ttlMs >= 1);
      await client.revokeLease(short.id);
    },
    'leases',
  );

  test(
    'leases: keys live as long as their lease',
    async (t, { client }, prefix) => {
      const { id } = await client.grantLease(60_000);
      const { id: other } = await client.grantLease(60_000);
      const { revision: base } = await client.put(`${prefix}a`, 'a', { lease: id });
      await client.put(`${prefix}b`, 'b', { lease: id });
      await client.put(`${prefix}c`, 'c', { lease: id });
      await client.put(`${prefix}b`, 'moved', { lease: other });
      await client.put(`${prefix}c`, 'freed');
      const { values } = await client.get(prefix, { prefix: true });
      t.deepEqual(
        values.map(({ lease }) => lease),
        [id, other, leaseId(0n)],
      );
      t.true((await client.txn({ if: [{ key: `${prefix}a`, is: '=', lease: id }], then: [] })).succeeded);
      await client.revokeLease(id);
      const left = await client.get(prefix, { prefix: true });
      t.deepEqual(
        left.values.map(({ key }) => text(key)),
        [`${prefix}b`, `${prefix}c`],
      );
      t.is(Number(left.revision), base + 5, 'the end of a lease is one revision');
      await client.revokeLease(other);
      t.is((await client.get(prefix, { prefix: true })).count, 1);
    },
    'leases',
  );

  test(
    'leases: expire, and their keys with them',
    async (t, { client }, prefix) => {
      const { revision: before } = await client.get(prefix);
      const { id } = await client.grantLease(4000);
      await client.put(`${prefix}k`, 'v', { lease: id });
      const watching = new Watching(client, `${prefix}k`, { fromRevision: (before + 1) as never });
      const [put, gone] = await watching.events(2);
      t.is(put?.type, 'put');
      t.is(gone?.type, 'delete');
      t.is(await failure(client.keepLeaseAlive(id)), 'lease-not-found');
      t.true(await watching.ends());
    },
    'watch',
  );
}
