import test from 'ava';
import { Asker } from './ask.ts';
import { compactCalls, deleteCalls, earlyCalls, largeCalls, putCalls, rangeCalls } from './kv-calls.ts';
import { leaseCalls, renewals } from './lease-calls.ts';
import type { OddCall } from './odd-case.ts';
import { compareFound, type Found, startBoth, stopBoth } from './sides.ts';
import { lateTxnCalls, txnCalls } from './txn-calls.ts';
import { watchStreams } from './watch-streams.ts';

const calls = [
  ...[...earlyCalls, ...putCalls, ...rangeCalls, ...txnCalls],
  ...[...deleteCalls, ...compactCalls, ...lateTxnCalls, ...leaseCalls],
];
const streams = [...renewals, ...watchStreams];

test.after.always(stopBoth);

test('what no client library asks of KV, Lease and Watch is answered as etcd answers it', async (t) => {
  t.timeout(120_000);
  const sides = await startBoth(t);
  if (sides === null) return t.pass();
  const [tanist, etcd] = sides.map(({ endpoint }) => new Asker(endpoint)) as [Asker, Asker];
  try {
    const found: Found[] = [];
    const ask = async (call: OddCall): Promise<void> => {
      const theirs = call.endsEtcd === true ? 'nothing, and ends' : etcd.call(call);
      const [ours, answer] = await Promise.all([tanist.call(call), theirs]);
      found.push({ what: call.name, ours, theirs: answer, differs: call.differs });
    };
    for (const call of calls) await ask(call);
    await Promise.all(
      streams.map(async (stream) => {
        const [ours, theirs] = await Promise.all([tanist.stream(stream), etcd.stream(stream)]);
        found.push({
          what: stream.name,
          ours: ours.join('\n'),
          theirs: theirs.join('\n'),
          differs: stream.differs,
        });
      }),
    );
    for (const call of largeCalls) await ask(call);
    compareFound(t, found);
  } finally {
    tanist.close();
    etcd.close();
  }
});
