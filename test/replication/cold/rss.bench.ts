/**
 * Memory of a cold replica's process with a million keys of 256 B against that of an idle one, as Linux counts it; bytes that the catch-up took.
 * `node dist/test/replication/cold/rss.bench.js [KEYS]`
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connect, type TanistClient } from '../../../src/client/index.ts';

const count = Number(process.argv[2] ?? 1_000_000);
const main = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));

interface Member {
  readonly id: string;
  readonly tier: string;
  readonly pid: number;
  readonly client: string;
  readonly http: string;
}

async function up(): Promise<{ process: ChildProcess; members: Member[] }> {
  const process = spawn('node', [main, 'up', '--hot', '1', '--cold', '1', '--port', '0', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const members: Member[] = [];
  for await (const line of createInterface({ input: process.stdout! })) {
    const said = JSON.parse(line) as Member & { readonly ready?: boolean };
    if (said.ready === true) break;
    members.push(said);
  }
  return { process, members };
}

async function memory(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const of = (name: string): string =>
    (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024).toFixed(0);
  return `RSS ${of('VmRSS')} MiB (anonymous ${of('RssAnon')}, mapped files ${of('RssFile')}; peak ${of('VmHWM')})`;
}

async function put(client: TanistClient, keys: Iterable<number>): Promise<void> {
  let open: Promise<unknown>[] = [];
  for (const i of keys) {
    open.push(client.put(`key/${String(i).padStart(9, '0')}`, randomBytes(256)));
    if (open.length < 2048) continue;
    await Promise.all(open);
    open = [];
  }
  await Promise.all(open);
}

function* every(step: number): Generator<number> {
  for (let i = 0; i < count; i += step) yield i;
}

async function received(member: Member): Promise<number> {
  const page = await (await fetch(`http://${member.http}/metrics`)).text();
  const line = page
    .split('\n')
    .find((each) => /tanist_replica[a-z_]*received/.test(each) && !each.startsWith('#'));
  return Number(line?.split(' ').at(-1) ?? Number.NaN);
}

const { process: cluster, members } = await up();
try {
  const hot = members.find(({ tier }) => tier === 'hot')!;
  const cold = members.find(({ tier }) => tier === 'cold')!;
  const client = await connect({ endpoints: [hot.client] });
  const take = async (what: string, values: number): Promise<void> => {
    const began = performance.now();
    const before = await received(cold);
    await client.snapshots(cold.client, true, { deadlineMs: 300_000 });
    const bytes = (await received(cold)) - before;
    const latest = values * (256 + 13);
    console.log(
      `${what}: ${((performance.now() - began) / 1000).toFixed(1)} s, ${bytes} bytes received, ${(bytes / latest).toFixed(3)} × keys and values; cold ${await memory(cold.pid)}`,
    );
  };
  await take('empty', 1);
  console.log(`idle hot: ${await memory(hot.pid)}`);
  await put(client, every(1));
  await take(`${count} new keys`, count);
  await put(client, every(100));
  await take('1 in 100 changed', count / 100);
  await client.getAt(cold.client, 'key/', { prefix: true, countOnly: true, deadlineMs: 60_000 });
  console.log(`after a count of all: cold ${await memory(cold.pid)}`);
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  console.log(`10 s later: cold ${await memory(cold.pid)}; hot ${await memory(hot.pid)}`);
  await client.close();
} finally {
  cluster.kill('SIGTERM');
  await once(cluster, 'exit');
}
