import { EtcdLeaseInvalidError, EtcdLockFailedError } from 'etcd3';
import type { Etcd3Suite } from './subject.ts';

export function leases({ test }: Etcd3Suite): void {
  test(
    'leases: grant, put, renew, revoke',
    async (t, client) => {
      const lease = client.lease(60, { autoKeepAlive: false });
      const id = await lease.grant();
      await lease.put('on').value('lease');
      await client.put('also').value('').lease(id);
      await client.put('also').value('kept').ignoreLease();
      const { kvs } = await client.get('also').exec();
      t.is(kvs[0]?.lease, id);
      const renewed = await lease.keepaliveOnce();
      t.is(renewed.TTL, '60');
      const other = client.lease(60);
      await other.put('other').value('');
      await lease.revoke();
      t.true(lease.revoked());
      t.deepEqual(await client.getAll().keys(), ['other']);
      await other.revoke();
      t.is(await client.getAll().count(), 0);
      await t.throwsAsync(client.put('k').value('').lease('123456789').exec(), {
        instanceOf: EtcdLeaseInvalidError,
      });
    },
    'leases',
  );

  test(
    'leases: kept alive by themselves, lost when revoked elsewhere',
    async (t, client, whole) => {
      const lease = client.lease(3);
      const id = await lease.grant();
      const alive = new Promise((resolve) => lease.once('keepaliveSucceeded', resolve));
      await alive;
      const lost = new Promise<unknown>((resolve) => lease.once('lost', resolve));
      await whole.leaseClient.leaseRevoke({ ID: id });
      t.true((await lost) instanceof EtcdLeaseInvalidError);
      t.true(lease.revoked());
    },
    'leases',
  );

  test(
    'leases: expire with their keys',
    async (t, client) => {
      const watcher = await client.watch().key('k').create();
      const gone = new Promise<void>((resolve) => watcher.once('delete', () => resolve()));
      const lease = client.lease(4, { autoKeepAlive: false });
      await lease.put('k').value('v');
      await gone;
      t.false(await client.get('k').exists());
      await watcher.cancel();
      lease.release();
    },
    'leases',
  );

  test(
    'locks exclude',
    async (t, client) => {
      const first = await client.lock('resource').ttl(60).acquire();
      await t.throwsAsync(client.lock('resource').acquire(), { instanceOf: EtcdLockFailedError });
      await first.release();
      let inside = 0;
      let most = 0;
      let done = 0;
      while (done < 4) {
        const attempts = [1, 2, 3, 4].map(() =>
          client.lock('resource').do(async () => {
            most = Math.max(most, ++inside);
            await client.put('used').value(done);
            inside -= 1;
            done += 1;
          }),
        );
        await Promise.allSettled(attempts);
      }
      t.is(most, 1);
    },
    'leases',
  );

  test(
    'elections: campaign, observe, proclaim, resign',
    async (t, client) => {
      const election = client.election('boss', 60);
      const first = election.campaign('one');
      await first.wait();
      t.is(await election.leader(), 'one');
      const observer = await election.observe();
      t.is(observer.leader(), 'one');
      const second = election.campaign('two');
      const secondWins = second.wait();
      await new Promise<void>((resolve) => second.once('_isWaiting', () => resolve()));
      const changed = new Promise((resolve) => observer.once('change', resolve));
      await first.proclaim('uno');
      t.is(String(await changed), 'uno');
      t.is(await election.leader(), 'uno');
      const next = new Promise<void>((resolve) => {
        observer.on('change', (leader: unknown) => {
          if (String(leader) === 'two') resolve();
        });
      });
      await first.resign();
      await secondWins;
      await next;
      t.is(await election.leader(), 'two');
      await observer.cancel();
      await second.resign();
      t.is(await election.leader(), undefined);
    },
    'leases',
  );
}
