import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/api/system-clock.ts';
import { defaultScore, defaultSuspicion } from '../../src/failover/options.ts';
import { type LeaseId, leaseId, nodeId, noSession } from '../../src/foundation/ids.ts';
import { defaultRequestLimits, limits } from '../../src/foundation/limits.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import type { TanistNode } from '../../src/node/node.ts';
import { openNode } from '../../src/node/open-node.ts';
import type { Command, CommandBatch } from '../../src/ports/command.ts';
import { silentLog } from '../../src/ports/node-log.ts';
import type { CommandResult } from '../../src/ports/result.ts';
import { encodeCommandBatch } from '../../src/protocol/session/write-command.ts';
import { openLevelDisk } from '../../src/storage/level/level-disk.ts';
import { b, del, put, range } from '../state/commands.ts';

/**
 * How long single turns hold the event loop of a node while it does what is large: `node dist/test/node/hold.js [KEYS]`. Not a test: it
 * prints a JSON line each.
 */
const keys = Number(process.argv[2] ?? 300_000);
const third = Math.floor(keys / 3);

const folder = await mkdtemp(join(tmpdir(), 'tanist-hold-'));
const self = nodeId('n1');
let disk = await openLevelDisk(folder, { reserveBytes: 0 });
const node = await open();
await node.start();
while (!node.inspect().open) await turn();

await measured('load', () => load('k', 0n as LeaseId));
await measured('deleteRange', () => write([del('k', 'l')]));
await load('k', 0n as LeaseId);
const events = { count: 0, batches: 0 };
const handle = node.watch(
  { space: 'user', key: b('k'), rangeEnd: b('l'), fromRevision: 0 as never, previous: false },
  {
    events: (batch) => {
      events.count += batch.events.length;
      events.batches++;
      return true;
    },
    ended: () => {},
  },
);
await measured('deleteRange watched', () => write([del('k', 'l')]));
console.log(JSON.stringify(events));
handle.cancel();
await load('k', 0n as LeaseId);
await measured('txn of range and deletion', () =>
  write([
    {
      kind: 'txn',
      space: 'user',
      compares: [
        {
          target: 'version',
          result: 'greater',
          key: b('k'),
          rangeEnd: b(`k${String(third).padStart(9, '0')}`),
          number: 0,
        } as never,
      ],
      success: [
        range('k', 'l', { keysOnly: true, limit: third }),
        del('k', `k${String(third).padStart(9, '0')}`),
      ],
      failure: [],
    },
  ]),
);
await write([{ kind: 'leaseGrant', id: leaseId(7n), ttlMs: 1e6 }]);
await measured('load on a lease', () => load('k', leaseId(7n)));
await measured('leaseRevoke', () => write([{ kind: 'leaseRevoke', id: leaseId(7n) }]));
await load('k', 0n as LeaseId);
await load('k', 0n as LeaseId);
await measured('compact and what follows', async () => {
  const at = node.state.revision('user');
  await write([{ kind: 'compact', space: 'user', revision: at, physical: false } as never]);
  for (let i = 0; i < 3000; i++) await write([put('other', 'x')]);
});
await measured('backup while writing', async () => {
  let over = false;
  const backup = (async () => {
    let bytes = 0;
    for await (const chunk of node.backup()) {
      bytes += chunk.length;
      await turn();
    }
    over = true;
    return bytes;
  })();
  while (!over) await write(Array.from({ length: 64 }, (_, i) => put(`w${i}`, 'v'.repeat(100))));
  console.log(JSON.stringify({ backupBytes: await backup }));
});
await measured('settle', () => node.stop());
await disk.close();
disk = await openLevelDisk(folder, { reserveBytes: 0 });
const again = await measured('restart', open);
await again.start();
while (!again.inspect().open) await turn();
await measured('stop', () => again.stop());
await rm(folder, { recursive: true });
process.exit(0);

async function load(prefix: string, lease: LeaseId): Promise<void> {
  const perBatch = 256;
  let waiting: Promise<unknown>[] = [];
  for (let at = 0; at < keys; at += perBatch) {
    const commands: Command[] = [];
    for (let i = at; i < Math.min(keys, at + perBatch); i++)
      commands.push(put(`${prefix}${String(i).padStart(9, '0')}`, 'v'.repeat(100), { lease }));
    waiting.push(write(commands));
    if (waiting.length === 4) {
      await Promise.all(waiting);
      waiting = [];
    }
  }
  await Promise.all(waiting);
}

function write(commands: readonly Command[]): Promise<readonly CommandResult[]> {
  const batch: CommandBatch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands };
  return new Promise((resolve, reject) => {
    node.submit({
      bytes: encodeCommandBatch(batch),
      batch,
      early: null,
      settle: (outcome) => {
        if (outcome.kind === 'refused') reject(new Error(outcome.message));
        else if (outcome.results[0]?.kind === 'failed') reject(new Error(outcome.results[0].message));
        else resolve(outcome.results);
      },
    });
  });
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Gaps between turns of the event loop, which nothing else uses: also while `act` goes on after its answer for a second. */
async function measured<T>(what: string, act: () => Promise<T>): Promise<T> {
  let over = false;
  const gaps: number[] = [];
  let lastMs = performance.now();
  const look = (): void => {
    const nowMs = performance.now();
    gaps.push(nowMs - lastMs);
    lastMs = nowMs;
    if (!over) setImmediate(look);
  };
  await turn();
  lastMs = performance.now();
  setImmediate(look);
  const startMs = performance.now();
  const result = await act();
  const tookMs = performance.now() - startMs;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  over = true;
  await turn();
  gaps.sort((a, z) => z - a);
  const round = (ms: number | undefined): number => Math.round((ms ?? 0) * 10) / 10;
  const longest = gaps.slice(0, 5).map(round);
  const over10 = gaps.filter((gap) => gap > 10).length;
  console.log(JSON.stringify({ what, keys, tookMs: round(tookMs), longestMs: longest, over10 }));
  return result;
}

async function open(): Promise<TanistNode> {
  return openNode(
    {
      id: self,
      clusterId: 'hold',
      dataFolder: folder,
      members: [{ id: self, clientAddress: '', peerAddress: '', httpAddress: '', tier: 'hot' }],
      tickMs: 10,
      heartbeatMs: 20,
      electionMs: 500,
      rankDelayMs: 10,
      holdMs: 20,
      suspicion: defaultSuspicion,
      score: defaultScore,
      requestLimits: defaultRequestLimits,
      appendBytes: limits.blockBytes,
      inflightMessages: limits.inflightMessages,
      inflightBytes: limits.inflightBytes,
      uncommittedBytes: limits.uncommittedBytes,
      logMemoryBytes: limits.logMemoryBytes,
      logDiskBytes: limits.logDiskBytes,
      flushEveryMs: 250,
      flushBytes: limits.blockBytes,
      diskReserveBytes: 0,
    },
    {
      clock: systemClock,
      random: seededRandom('hold'),
      disk,
      nodeLog: silentLog,
      transport: () => ({
        start: async () => {},
        send: () => {},
        flush: () => {},
        probe: () => new Promise(() => {}),
        sendSnapshot: async () => {},
        setPeers: () => {},
        roundTripMs: () => null,
        close: async () => {},
      }),
    },
  );
}
