import test, { type ExecutionContext } from 'ava';
import { startRealEtcd } from './differential/real-etcd.ts';
import { etcdctl, startEtcdCluster, tool } from './etcd-cluster.ts';

interface Step {
  readonly args: readonly string[];
  readonly input?: string;
  readonly out?: string | RegExp;
  /** Of stderr; then the exit code is not 0. */
  readonly error?: string;
}

const step = (line: string, out: string | RegExp, input?: string): Step => ({
  args: line.split(' '),
  out,
  ...(input === undefined ? {} : { input }),
});
const refused = (line: string, error: string, input?: string): Step => ({
  args: line.split(' '),
  error,
  ...(input === undefined ? {} : { input }),
});

/** From an empty store on: revision 1. */
const steps: readonly Step[] = [
  step('put k1 one', 'OK\n'),
  step('put k2 two', 'OK\n'),
  step('put k3 three', 'OK\n'),
  step('put other x', 'OK\n'),
  step('put --prev-kv k1 ONE', 'OK\nk1\none\n'),
  step('get k1', 'k1\nONE\n'),
  step('get absent', ''),
  step('get --prefix k', 'k1\nONE\nk2\ntwo\nk3\nthree\n'),
  step('get k1 k3', 'k1\nONE\nk2\ntwo\n'),
  step('get --from-key k3', 'k3\nthree\nother\nx\n'),
  step('get --prefix k --limit 2', 'k1\nONE\nk2\ntwo\n'),
  step('get --prefix k --order DESCEND', 'k3\nthree\nk2\ntwo\nk1\nONE\n'),
  step('get --prefix k --sort-by VALUE', 'k1\nONE\nk3\nthree\nk2\ntwo\n'),
  step('get --prefix k --sort-by MODIFY --order ASCEND', 'k2\ntwo\nk3\nthree\nk1\nONE\n'),
  step('get --prefix k --sort-by VERSION --order DESCEND --limit 1', 'k1\nONE\n'),
  step('get --prefix k --sort-by CREATE', 'k1\nONE\nk2\ntwo\nk3\nthree\n'),
  step('get --rev 2 k1', 'k1\none\n'),
  step('get --prefix k --keys-only', 'k1\n\nk2\n\nk3\n\n'),
  step('get --prefix k --print-value-only', 'ONE\ntwo\nthree\n'),
  step('get --consistency s k2', 'k2\ntwo\n'),
  step('get --hex k2', '\\x6b\\x32\n\\x74\\x77\\x6f\n'),
  step(
    'get k1 -w json',
    /"kvs":\[\{"key":"azE=","create_revision":2,"mod_revision":6,"version":2,"value":"T05F"\}\],"count":1\}\n$/,
  ),
  step(
    'get k1 -w fields',
    /"Revision" : 6\n.*"Key" : "k1"\n"CreateRevision" : 2\n"ModRevision" : 6\n"Version" : 2\n"Value" : "ONE"\n"Lease" : 0\n"More" : false\n"Count" : 1\n/s,
  ),
  step('put --ignore-lease k1 uno', 'OK\n'),
  step('put --ignore-value k1', 'OK\n'),
  step('get k1', 'k1\nuno\n'),
  refused('put --ignore-value absent', 'Error: etcdserver: key not found\n'),
  refused('put --lease=1234 k1 v', 'Error: etcdserver: requested lease not found\n'),
  refused('get --rev 1000 k1', 'Error: etcdserver: mvcc: required revision is a future revision\n'),
  step(
    'txn',
    'SUCCESS\n\nOK\n\nk1\ndone\n',
    'value("k1") = "uno"\nversion("k1") > "3"\n\nput k1 done\nget k1\n\nput k1 failed\n\n',
  ),
  step(
    'txn',
    'FAILURE\n\nk2\ntwo\nk3\nthree\n',
    'create("absent") > "0"\n\nput k1 never\n\nget --limit 5 k2 k4\n\n',
  ),
  step('txn', 'SUCCESS\n\n2\n\nOK\n', 'mod("k1") = "9"\n\ndel k2 k4\nput k5 five\n\n\n'),
  refused('txn', 'Error: etcdserver: duplicate key given in txn request\n', '\nput a 1\nput a 2\n\n\n'),
  step('put k6 six', 'OK\n'),
  step('del k5', '1\n'),
  step('del absent', '0\n'),
  step('del --prev-kv k6', '1\nk6\nsix\n'),
  step('put d1 1', 'OK\n'),
  step('put d2 2', 'OK\n'),
  step('put d3 3', 'OK\n'),
  step('del d1 d3', '2\n'),
  step('del --prefix d', '1\n'),
  step('put z1 1', 'OK\n'),
  step('del --from-key z', '1\n'),
  step('compaction 8', 'compacted revision 8\n'),
  refused('compaction 8', 'Error: etcdserver: mvcc: required revision has been compacted\n'),
  refused('compaction 1000', 'Error: etcdserver: mvcc: required revision is a future revision\n'),
  refused('get --rev 7 k1', 'Error: etcdserver: mvcc: required revision has been compacted\n'),
  step('get --rev 8 k1', 'k1\nuno\n'),
  step('compaction --physical 10', 'compacted revision 10\n'),
  step('get --prefix k -w simple', 'k1\ndone\n'),
];

async function follow(t: ExecutionContext, endpoints: readonly string[]): Promise<void> {
  for (const { args, input, out, error } of steps) {
    const line = `etcdctl ${args.join(' ')}`;
    const { code, stdout, stderr } = await etcdctl(endpoints, args, input);
    if (error !== undefined) {
      t.not(code, 0, line);
      t.true(stderr.endsWith(error), `${line}: ${stderr}`);
    } else if (typeof out === 'string') t.is(stdout, out, `${line}: ${stderr}`);
    else t.regex(stdout, out!, line);
  }
}

test('get, put, del, txn and compaction with their flags', async (t) => {
  if (!(await tool(t, 'etcdctl', 'etcd-client'))) return t.pass();
  const cluster = await startEtcdCluster(1);
  try {
    await follow(t, cluster.endpoints);
  } finally {
    await cluster.stop();
  }
});

test('etcd itself gives these answers', async (t) => {
  if (!(await tool(t, 'etcdctl', 'etcd-client')) || !(await tool(t, 'etcd', 'etcd-server'))) return t.pass();
  const etcd = await startRealEtcd();
  try {
    await follow(t, [etcd.endpoint]);
  } finally {
    await etcd.stop();
  }
});
