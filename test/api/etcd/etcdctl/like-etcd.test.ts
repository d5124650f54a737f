import { type ChildProcess, spawn } from 'node:child_process';
import test from 'ava';
import { startRealEtcd } from '../differential/real-etcd.ts';
import { type EtcdTestCluster, etcdctl, startEtcdCluster, type ToolAnswer, tool } from '../etcd-cluster.ts';

type RealEtcd = Awaited<ReturnType<typeof startRealEtcd>>;

let cluster: EtcdTestCluster | undefined;
let etcd: RealEtcd | undefined;
const mirrors: ChildProcess[] = [];

test.before(async (t) => {
  if (!(await tool(t, 'etcdctl', 'etcd-client'))) return;
  cluster = await startEtcdCluster(1);
  if (await tool(t, 'etcd', 'etcd-server')) etcd = await startRealEtcd();
});
test.after.always(async () => {
  for (const mirror of mirrors) mirror.kill('SIGKILL');
  await Promise.all([cluster?.stop(), etcd?.stop()]);
});

interface Step {
  readonly line: readonly string[];
  readonly input?: string;
}

const lines = (text: string): Step[] =>
  text
    .trim()
    .split('\n')
    .map((line) => ({ line: line.trim().split(' ') }));

/** The root role has rights of its own from etcd 3.5 on, whose face this is; Debian's etcd is 3.4: `role get root` is not among them. */
const auth: readonly Step[] = [
  ...lines(`
    auth enable
    auth disable
    user add root:pw
    user add root:pw
    user add bob --no-password
    user list
    user get root
    user get root --detail
    user get nobody
    role add root
    role add r1
    role add r1
    role list
    role get r1
    role get none
    role grant-permission r1 read a
    role grant-permission r1 readwrite b c
    role grant-permission r1 write p --prefix
    role grant-permission r1 read z --from-key
    role grant-permission none read a
    role get r1
    role get r1 -w json
    role revoke-permission r1 b c
    role revoke-permission r1 unknown
    role get r1
    user grant-role bob r1
    user grant-role bob r1
    user grant-role bob none
    user grant-role nobody r1
    user get bob
    user get bob --detail
    user get bob -w json
    user revoke-role bob r1
    user revoke-role bob r1
    user list -w json
    role delete r1
    role delete r1
    user delete bob
    user delete bob
    auth enable
    auth disable
    --user root:pw get a`),
  { line: ['user', 'passwd', 'root', '--interactive=false'], input: 'other\n' },
  { line: ['user', 'passwd', 'nobody', '--interactive=false'], input: 'other\n' },
  { line: ['user', 'add', 'ann', '--interactive=false'], input: 'pw\n' },
  ...lines('user list'),
];

const transactions: readonly Step[] = [
  { line: ['txn', '-i'], input: 'value("t1") = "x"\n\nput t1 yes\n\nput t1 no\nget t1\n\n' },
  { line: ['txn', '-i'], input: 'version("t1") = "1"\n\nput t1 again\nget t1\ndel t1\n\n\n' },
  { line: ['txn', '-i', '-w', 'json'], input: 'mod("t1") > "1"\n\nget t1\n\nput t2 2\ndel t2\n\n' },
  { line: ['txn', '-i'], input: 'no comparison\n' },
];

/** The least time-to-live follows from the election timeout there and here, so it is another one: not among them. */
const refusals: readonly Step[] = [
  { line: ['get', ''] },
  { line: ['put', '', 'x'] },
  { line: ['del', ''] },
  ...lines(`
    get a --rev -5
    get a --rev 100000
    get a --limit -1
    compact 0
    compact 100000
    lease timetolive 1234
    lease timetolive 1234 -w json
    lease keep-alive --once 1234
    lease revoke 1234
    put a b --lease 1234
    put a --ignore-value
    put a b --ignore-lease
    alarm list
    alarm disarm
    move-leader 1
    member remove 1
    member update 1 --peer-urls=http://a:1
    member promote 1
    member add x --peer-urls=nonsense`),
];

/** What is of the one cluster or of the one call; warnings name the process of the caller. */
function common({ code, stdout, stderr }: ToolAnswer): ToolAnswer {
  const masked = (text: string): string =>
    text
      .replace(/127\.0\.0\.1:\d+/g, 'ENDPOINT')
      .replace(/\/\/client-[0-9a-f-]+\//g, '//CLIENT/')
      .replace(/"ts":"[^"]*"/g, '"ts":TIME')
      .replace(/"(cluster_id|member_id|raft_term)":\d+/g, '"$1":ID');
  return { code, stdout: masked(stdout), stderr: masked(stderr) };
}

for (const [name, steps] of Object.entries({ auth, transactions, refusals }))
  test.serial(`${name}: what etcd says, to the letter`, async (t) => {
    if (cluster === undefined || etcd === undefined) return t.pass();
    for (const { line, input } of steps) {
      const [ours, theirs] = await Promise.all(
        [cluster.endpoints, [etcd.endpoint]].map((endpoints) => etcdctl(endpoints, line, input)),
      );
      t.deepEqual(common(ours!), common(theirs!), `etcdctl ${line.join(' ')}`);
    }
  });

/** Puts until the mirror, which is there at a moment that it does not tell, has passed one on. */
async function mirrored(from: string, to: string): Promise<string> {
  const [, port] = to.split(':');
  mirrors.push(
    spawn('etcdctl', ['--endpoints', from, 'make-mirror', `127.0.0.1:${port}`, '--prefix', 'mirror/'], {
      env: { ...process.env, ETCDCTL_API: '3' },
      stdio: 'ignore',
    }),
  );
  const untilMs = Date.now() + 20_000;
  for (let i = 0; ; i++) {
    await etcdctl([from], ['put', 'mirror/new', `${i}`]);
    const { stdout } = await etcdctl([to], ['get', '--prefix', 'mirror/', '--print-value-only']);
    if (/^old\n\d+\n$/.test(stdout)) return stdout;
    if (Date.now() > untilMs) return stdout;
  }
}

test.serial('make-mirror, from here and to here', async (t) => {
  if (cluster === undefined || etcd === undefined) return t.pass();
  const [here] = cluster.endpoints;
  await etcdctl([here!], ['put', 'mirror/a', 'old']);
  t.regex(await mirrored(here!, etcd.endpoint), /^old\n\d+\n$/);
  mirrors.pop()?.kill('SIGKILL');
  await etcdctl([etcd.endpoint], ['del', '--prefix', '']);
  await etcdctl([here!], ['del', '--prefix', '']);
  await etcdctl([etcd.endpoint], ['put', 'mirror/b', 'old']);
  t.regex(await mirrored(etcd.endpoint, here!), /^old\n\d+\n$/);
});

test.serial('check datascale passes', async (t) => {
  if (cluster === undefined) return t.pass();
  // The metric of memory that it reads is of this whole process, which may give some back meanwhile.
  const { code, stdout, stderr } = await etcdctl(cluster.endpoints, [
    'check',
    'datascale',
    '--load',
    's',
    '--auto-compact',
  ]);
  t.is(code, 0, stderr);
  t.regex(stdout, /PASS: Approximate system memory used : -?\d+\.\d+ MB/);
});
