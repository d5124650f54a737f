import { setTimeout as delay } from 'node:timers/promises';
import type { LockHold } from '../../../verification/locks/lock.ts';
import { checkLocks, type GuardedWrite } from '../checks/locks.ts';
import type { Connection } from '../connections.ts';
import { startWorkers } from '../pace.ts';
import type { Part, PartContext } from '../part.ts';
import { transaction } from '../transaction.ts';

const names = 2;
const contenders = 4;
const ttlMs = 2000;
const mostWrites = 4;
const betweenWritesMs = 30;
/** Of its lease a holder counts on so much. */
const usableShare = 0.9;
/** Some holders forget to let go: their lease has to. */
const forgetful = 0.1;

/**
 * Locks as etcd's recipes make them: a key on a lease, put if it is absent; its creation revision is the fencing token. What a lock guards is written only
 * while the key has that revision.
 */
export const locks: Part = {
  name: 'locks',
  share: 0.05,
  nativeOnly: false,
  async start(context) {
    const holds: LockHold[] = [];
    const guarded: GuardedWrite[] = [];
    const { rate, nowMs } = context;
    // A try and what follows are about five calls.
    const pace = startWorkers(contenders, rate / 5, nowMs, async (worker, signal) => {
      await contend(context, worker, holds, guarded, signal);
    });
    return {
      stop: () => pace.stop(),
      check: async (evidence) => [checkLocks(holds, guarded, evidence, context.target)],
    };
  },
};

async function contend(
  context: PartContext,
  worker: number,
  holds: LockHold[],
  guarded: GuardedWrite[],
  signal: AbortSignal,
): Promise<void> {
  const { meter, writes, random, nowMs, prefix, nextValue } = context;
  const client = context.connections.caller(worker);
  const holder = `client ${worker}`;
  const name = random.below(names);
  const lock = `${prefix}${name}`;
  const calledMs = nowMs();
  const lease = await meter.write(() => client.grantLease(ttlMs));
  if (lease.kind !== 'ok') return;
  const { id, ttlMs: grantedMs } = lease.answer;
  const value = nextValue();
  const write = writes.began('locks', 'put', lock, value);
  const taken = await meter.call(
    () =>
      client.txn(transaction([{ key: lock, is: '=', createRevision: 0 }], [{ put: lock, value, lease: id }])),
    ({ succeeded, revision }) => ({ kind: succeeded ? 'write' : 'read', revision }),
  );
  if (taken.kind === 'indeterminate') return;
  if (taken.kind === 'fail' || !taken.answer.succeeded) {
    writes.ended(write, { kind: 'absent' });
    await meter.call(() => client.revokeLease(id));
    return;
  }
  const token = taken.answer.revision;
  writes.ended(write, { kind: 'acknowledged', revision: token });
  const acquiredMs = nowMs();
  const usableUntilMs = calledMs + grantedMs * usableShare;
  for (
    let left = 1 + random.below(mostWrites);
    left > 0 && nowMs() < usableUntilMs && !signal.aborted;
    left--
  ) {
    await writeGuarded(context, client, { lock, key: `${prefix}guarded/${name}`, token, holder }, guarded);
    await delay(random.below(betweenWritesMs));
  }
  const forgets = random.chance(forgetful);
  holds.push({
    lock,
    holder,
    token,
    calledMs,
    acquiredMs,
    releaseCalledMs: forgets ? null : nowMs(),
    lostMs: null,
    lease: { ttlMs: grantedMs, renewedMs: [calledMs] },
  });
  if (forgets) return;
  await meter.call(() => client.revokeLease(id));
}

async function writeGuarded(
  { meter, writes, nextValue }: PartContext,
  client: Connection,
  { key, ...guard }: Omit<GuardedWrite, 'value'> & { readonly key: string },
  guarded: GuardedWrite[],
): Promise<void> {
  const value = nextValue();
  const write = writes.began('locks', 'put', key, value);
  guarded.push({ ...guard, value });
  const outcome = await meter.call(
    () =>
      client.txn(
        transaction([{ key: guard.lock, is: '=', createRevision: guard.token }], [{ put: key, value }]),
      ),
    ({ succeeded, revision }) => ({ kind: succeeded ? 'write' : 'read', revision }),
  );
  if (outcome.kind === 'indeterminate') return;
  writes.ended(
    write,
    outcome.kind === 'ok' && outcome.answer.succeeded
      ? { kind: 'acknowledged', revision: outcome.answer.revision }
      : { kind: 'absent' },
  );
}
