import { randomBytes } from 'node:crypto';
import test from 'ava';
import { seededRandom } from '../../../../src/foundation/random.ts';
import { leaseMethods } from '../../../../src/protocol/etcd/methods.ts';
import { patient, startEtcdCluster, tool } from '../etcd-cluster.ts';
import { comparable, text } from './compare-answers.ts';
import { type Known, RandomOperations } from './random-operations.ts';
import { type Answer, RawClient } from './raw-client.ts';
import { startRealEtcd } from './real-etcd.ts';

const operations = Number(process.env.TANIST_DIFF_OPERATIONS ?? 2000);
const seed = process.env.TANIST_DIFF_SEED ?? randomBytes(4).toString('hex');
const unimplemented = 12;

test('the same operations get the same answers from Tanist and from etcd', async (t) => {
  t.timeout(280_000);
  if (!(await tool(t, 'etcd', 'etcd-server'))) return t.pass();
  const [tanist, etcd] = await Promise.all([startEtcdCluster(3, patient), startRealEtcd()]);
  const members = tanist.endpoints.map((endpoint) => new RawClient(endpoint));
  const real = new RawClient(etcd.endpoint);
  try {
    const probe = await members[0]!.call(leaseMethods.leaseLeases, {});
    const leases = !(probe.kind === 'error' && probe.code === unimplemented);
    if (!leases) t.log('without leases: that service is not there');
    const leader = await tanist.leader();
    const random = seededRandom(seed);
    const next = new RandomOperations(random, leases);
    const known = { revision: 1, compacted: 0 };
    const answers = new Map<string, number>();
    for (let i = 0; i < operations; i++) {
      const { method, request, serializable } = next.next(known);
      const member = members[serializable ? leader : random.below(members.length)]!;
      const [ours, theirs] = await Promise.all([member.call(method, request), real.call(method, request)]);
      const left = comparable(method, ours);
      const right = comparable(method, theirs);
      if (left !== right) {
        t.log(`rerun: TANIST_DIFF_SEED=${seed} TANIST_DIFF_OPERATIONS=${operations}`);
        t.log(`serializable ones go to ${leader}; ${await tanist.leader()} leads`);
        t.log(`operation ${i}: ${method.path} ${text(request)}`);
        t.is(left, right, 'Tanist, then etcd');
        return;
      }
      learn(known, method.path, request, theirs);
      const kind = `${method.path.split('/')[2]} ${theirs.kind === 'error' ? theirs.details : 'ok'}`;
      answers.set(kind, (answers.get(kind) ?? 0) + 1);
    }
    t.log(`seed ${seed}: ${operations} operations`);
    for (const [kind, count] of [...answers].sort()) t.log(`${count} × ${kind}`);
    t.true(answers.size >= 10, 'errors and successes of many kinds were compared');
  } finally {
    for (const client of [...members, real]) client.close();
    await Promise.all([tanist.stop(), etcd.stop()]);
  }
});

function learn(
  known: { -readonly [K in keyof Known]: number },
  path: string,
  request: object,
  answer: Answer,
) {
  if (answer.kind === 'error') return;
  const { header } = answer.message as { header: { revision: number } | null };
  known.revision = Math.max(known.revision, header?.revision ?? 0);
  if (path.endsWith('/Compact')) known.compacted = (request as { revision: number }).revision;
}
