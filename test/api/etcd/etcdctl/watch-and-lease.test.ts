import { type ChildProcess, spawn } from 'node:child_process';
import test from 'ava';
import { type EtcdTestCluster, etcdctl, patient, startEtcdCluster, tool } from '../etcd-cluster.ts';

let cluster: EtcdTestCluster;
let there = false;
const children: ChildProcess[] = [];

test.before(async (t) => {
  there = await tool(t, 'etcdctl', 'etcd-client');
  // etcdctl asks for a leader: its watches end where there is none at that moment.
  if (there) cluster = await startEtcdCluster(3, patient);
});
test.after.always(async () => {
  for (const child of children) child.kill('SIGKILL');
  await cluster?.stop();
});

/** One that goes on until it is stopped. */
function running(...args: string[]) {
  const child = spawn('etcdctl', ['--endpoints', cluster.endpoints.join(','), ...args], {
    env: { ...process.env, ETCDCTL_API: '3' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  let text = '';
  let wake: () => void = () => {};
  const grown = (part: Buffer): void => {
    text += String(part);
    wake();
  };
  child.stdout.on('data', grown);
  child.stderr.on('data', grown);
  return {
    child,
    text: () => text,
    /** Its output once it has what is wanted. */
    says: async (wanted: string): Promise<string> => {
      const untilMs = Date.now() + 20_000;
      while (!text.includes(wanted)) {
        if (Date.now() > untilMs) throw new Error(`never said ${wanted}, but: ${text}`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 100);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      return text;
    },
    write: (line: string) => child.stdin.write(`${line}\n`),
    stop: () => {
      child.kill('SIGINT');
    },
  };
}

const ctl = (...args: string[]) => etcdctl(cluster.endpoints, args);

/** Puts until a watcher, which is there at a moment that it does not tell, has heard of it. */
async function putUntilSeen(key: string, watcher: ReturnType<typeof running>): Promise<void> {
  for (let i = 0; !watcher.text().includes(`first ${i - 1}`); i++) {
    if (watcher.child.exitCode !== null) throw new Error(`the watcher has ended: ${watcher.text()}`);
    await ctl('put', key, `first ${i}`);
    await watcher.says(`first ${i}`).catch(() => {});
    if (watcher.text().includes('first')) return;
  }
}

test('watch: from a past revision, with the previous value, over a prefix', async (t) => {
  if (!there) return t.pass();
  const first = JSON.parse((await ctl('put', 'past/a', '1', '-w', 'json')).stdout).header.revision;
  await ctl('put', 'past/b', '2');
  await ctl('put', 'past/a', '3');
  await ctl('del', 'past/b');
  const watcher = running('watch', 'past/', '--prefix', '--prev-kv', '--rev', String(first));
  const text = await watcher.says('DELETE\npast/b\n2\npast/b\n\n');
  t.is(text, 'PUT\npast/a\n1\nPUT\npast/b\n2\nPUT\npast/a\n1\npast/a\n3\nDELETE\npast/b\n2\npast/b\n\n');
  watcher.stop();
});

test('watch -i: many watches, and progress', async (t) => {
  if (!there) return t.pass();
  const revision = JSON.parse((await ctl('put', 'i/a', 'before', '-w', 'json')).stdout).header.revision;
  const watcher = running('watch', '-i');
  watcher.write(`watch --rev ${revision} i/a`);
  await watcher.says('i/a\nbefore');
  watcher.write(`watch --rev ${revision} --prefix i/`);
  await ctl('put', 'i/z', 'now');
  await watcher.says('i/z\nnow');
  watcher.write('progress');
  t.regex(await watcher.says('progress notify'), /progress notify: \d+/);
  watcher.stop();
});

test('watch with a command for each event', async (t) => {
  if (!there) return t.pass();
  const revision = JSON.parse((await ctl('put', 'exec/a', 'x y', '-w', 'json')).stdout).header.revision;
  const watcher = running(
    'watch',
    'exec/a',
    '--rev',
    String(revision),
    '--',
    'sh',
    '-c',
    'env | grep ETCD_WATCH | sort',
  );
  const text = await watcher.says('ETCD_WATCH_VALUE');
  t.regex(text, /ETCD_WATCH_EVENT_TYPE="PUT"/);
  t.regex(text, /ETCD_WATCH_KEY="exec\/a"/);
  t.regex(text, /ETCD_WATCH_VALUE="x y"/);
  watcher.stop();
});

test('watch from the present on', async (t) => {
  if (!there) return t.pass();
  const watcher = running('watch', 'present');
  await putUntilSeen('present', watcher);
  await ctl('put', 'present', 'second');
  t.regex(await watcher.says('second'), /PUT\npresent\nsecond\n$/);
  watcher.stop();
});

test.serial('a compacted revision', async (t) => {
  if (!there) return t.pass();
  await ctl('put', 'gone', '1');
  const { revision } = JSON.parse((await ctl('put', 'gone', '2', '-w', 'json')).stdout).header;
  const other = JSON.parse((await ctl('put', 'gone', '3', '-w', 'json')).stdout).header.revision;
  t.is((await ctl('compact', String(other))).stdout, `compacted revision ${other}\n`);
  const watcher = running('watch', 'gone', '--rev', String(revision - 1));
  t.regex(
    await watcher.says('required revision'),
    /watch was canceled \(etcdserver: mvcc: required revision has been compacted\)/,
  );
});

test('lease grant, timetolive, keep-alive, list, revoke', async (t) => {
  if (!there) return t.pass();
  const granted = await ctl('lease', 'grant', '100');
  const id = /^lease ([0-9a-f]+) granted with TTL\(100s\)\n$/.exec(granted.stdout)?.[1] ?? '';
  t.not(id, '', granted.stderr);
  t.is((await ctl('put', 'leased', 'x', '--lease', id)).stdout, 'OK\n');
  const left = (await ctl('lease', 'timetolive', id, '--keys')).stdout;
  t.regex(
    left,
    new RegExp(
      `^lease ${id} granted with TTL\\(100s\\), remaining\\(\\d\\ds\\), attached keys\\(\\[leased\\]\\)\\n$`,
    ),
  );
  t.is((await ctl('lease', 'keep-alive', '--once', id)).stdout, `lease ${id} keepalived with TTL(100)\n`);
  t.true((await ctl('lease', 'list')).stdout.includes(`${id}\n`));
  t.is((await ctl('lease', 'revoke', id)).stdout, `lease ${id} revoked\n`);
  t.is((await ctl('get', 'leased')).stdout, '');
  t.is((await ctl('lease', 'timetolive', id)).stdout, `lease ${id} already expired\n`);
  t.regex((await ctl('lease', 'revoke', id)).stderr, /requested lease not found/);
  t.regex((await ctl('lease', 'grant', '9000000001')).stderr, /too large lease TTL/);
});

test('lease keep-alive goes on', async (t) => {
  if (!there) return t.pass();
  // Long enough for a second process to start where there is much else to do; it renews after a third.
  const id = /^lease ([0-9a-f]+)/.exec((await ctl('lease', 'grant', '6')).stdout)?.[1] ?? '';
  const keeper = running('lease', 'keep-alive', id);
  const line = `lease ${id} keepalived with TTL(6)\n`;
  await keeper.says(line.repeat(2));
  keeper.stop();
  t.pass();
});

test('lock: one holds it, the other waits', async (t) => {
  if (!there) return t.pass();
  const first = running('lock', 'mutex');
  await first.says('mutex/');
  const second = running('lock', 'mutex');
  const { stdout } = await ctl('lock', 'other', 'echo', 'held');
  t.is(stdout, 'held\n');
  t.is(second.text(), '');
  first.stop();
  t.regex(await second.says('\n\n'), /^mutex\/[0-9a-f]+\n\n$/);
  second.stop();
});

test('elect: a leader, an heir, and one who listens', async (t) => {
  if (!there) return t.pass();
  const first = running('elect', 'chief', 'one');
  await first.says('one');
  const listener = running('elect', '-l', 'chief');
  await listener.says('one');
  const second = running('elect', 'chief', 'two');
  first.stop();
  await second.says('two');
  t.regex(await listener.says('two'), /^chief\/[0-9a-f]+\none\nchief\/[0-9a-f]+\ntwo\n$/);
  listener.stop();
  second.stop();
});
