import { setTimeout as delay } from 'node:timers/promises';
import { checkLocks, type GuardedWrite, type Hold } from '../checks/locks.ts';
import type { Connection } from '../connections.ts';
import { startWorkers } from '../pace.ts';
import type { Part, PartContext } from '../part.ts';
import { transaction } from '../transaction.ts';

const names = 2;
const contenders = 4;
const ttlMs = 2000;
const mostWrites = 4;
const betweenWritesMs = 30;
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
    const holds: Hold[] = [];
    const guarded: GuardedWrite[] = [];
    const { connections, rate, nowMs } = context;
    // A try and what follows are about five calls.
    const pace = startWorkers(contenders, rate / 5, nowMs, async (worker, signal) => {
      await contend(context, connections.caller(worker), holds, guarded, signal);
    });
    return {
      stop: () => pace.stop(),
      check: async (evidence) => [checkLocks(holds, guarded, evidence)],
    };
  },
};

async function contend(
  context: PartContext,
  client: Connection,
  holds: Hold[],
  guarded: GuardedWrite[],
  signal: AbortSignal,
): Promise<void> {
  const { meter, writes, random, nowMs, prefix, nextValue } = context;
  const name = random.below(names);
  const lock = `${prefix}${name}`;
  const calledMs = nowMs();
  const lease = await meter.call(() => client.grantLease(ttlMs));
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
  const fromMs = nowMs();
  // Whatever happens, the lease lasts for so long after it was asked for.
  const certainMs = calledMs + grantedMs;
  for (let left = 1 + random.below(mostWrites); left > 0 && nowMs() < certainMs && !signal.aborted; left--) {
    await writeGuarded(context, client, { lock, key: `${prefix}guarded/${name}`, token }, guarded);
    await delay(random.below(betweenWritesMs));
  }
  holds.push({ lock, token, fromMs, toMs: Math.min(nowMs(), certainMs) });
  if (random.chance(forgetful)) return;
  await meter.call(() => client.revokeLease(id));
}

async function writeGuarded(
  { meter, writes, nextValue }: PartContext,
  client: Connection,
  { lock, key, token }: { readonly lock: string; readonly key: string; readonly token: number },
  guarded: GuardedWrite[],
): Promise<void> {
  const value = nextValue();
  const write = writes.began('locks', 'put', key, value);
  guarded.push({ lock, token, value });
  const outcome = await meter.call(
    () => client.txn(transaction([{ key: lock, is: '=', createRevision: token }], [{ put: key, value }])),
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
