import test from 'ava';
import { emptyLedger } from '../../src/cli/demo/ledger.ts';
import { startMetricStream } from '../../src/cli/demo/metric-stream.ts';
import { readAllBack } from '../../src/cli/demo/read-back.ts';
import { witness } from '../../src/cli/demo/timeline.ts';
import { noLease, type Revision, revision } from '../../src/foundation/ids.ts';
import type { RangeAnswer, WatchBatch } from '../../src/ports/state-client.ts';

const write = (key: string, value: string, at: number) => ({
  key,
  value,
  revision: at,
  issuedAtMs: 0,
  ackedAtMs: 0,
});

/** A client whose history is given, in batches of two revisions, after a bookmark. */
function historyOf(events: readonly (readonly [string, string, number])[]) {
  const last = revision(Math.max(1, ...events.map(([, , at]) => at)));
  const batchOf = (part: typeof events, at: Revision): WatchBatch => ({
    revision: at,
    events: part.map(([key, value, modRevision]) => ({
      type: 'put',
      keyValue: {
        key: Buffer.from(key),
        value: Buffer.from(value),
        createRevision: revision(2),
        modRevision: revision(modRevision),
        version: 1,
        lease: noLease,
      },
    })),
  });
  return {
    get: async (): Promise<RangeAnswer> => ({ revision: last, values: [], count: 0, more: false, ageMs: 0 }),
    async *watch(): AsyncGenerator<WatchBatch> {
      yield batchOf([], last);
      for (let i = 0; i < events.length; i += 2) yield batchOf(events.slice(i, i + 2), last);
    },
  };
}

test('every acknowledged write that the history has is found', async (t) => {
  const client = historyOf([
    ['a', '1 #0', 2],
    ['b', '1 #1', 3],
    ['a', '2 #2', 4],
  ]);
  t.deepEqual(await readAllBack(client, [write('a', '1 #0', 2), write('a', '2 #2', 4)]), {
    found: 2,
    lost: 0,
    twice: 0,
    unacknowledged: 1,
  });
});

test('a write that is missing, or there with another value or key, is lost', async (t) => {
  const client = historyOf([
    ['a', '1 #0', 2],
    ['b', 'x', 3],
    ['c', '3 #2', 4],
    ['z', '9 #9', 6],
  ]);
  const readBack = await readAllBack(client, [
    write('a', '1 #0', 2),
    write('b', '2 #1', 3),
    write('k', '3 #2', 4),
    write('d', '4 #3', 5),
  ]);
  t.is(readBack.found, 1);
  t.is(readBack.lost, 3);
});

test('a write that was applied twice shows', async (t) => {
  const client = historyOf([
    ['a', '1 #0', 2],
    ['a', '1 #0', 3],
    ['b', '1 #1', 4],
  ]);
  t.is((await readAllBack(client, [write('a', '1 #0', 2)])).twice, 1);
});

test('the stream writes every metric and keeps what was acknowledged', async (t) => {
  const ledger = emptyLedger();
  let next = 1;
  const client = {
    put: async (key: unknown) => {
      if (key === 'host/refused') throw new Error('no');
      return { revision: revision(++next), previous: null };
    },
  };
  const metrics = {
    sample: () =>
      new Map([
        ['host/a', 1],
        ['host/refused', 2],
        ['host/b', 3],
      ]),
  };
  const stream = startMetricStream(client, ledger, metrics);
  while (ledger.writes.length < 5) await new Promise((resolve) => setImmediate(resolve));
  await stream.stop();
  t.is(stream.keys, 3);
  t.is(ledger.writes.length + stream.failed, stream.issued);
  t.true(stream.failed > 0);
  t.deepEqual([...new Set(ledger.writes.map(({ key }) => key))].sort(), ['host/a', 'host/b']);
  t.is(new Set(ledger.writes.map(({ value }) => value)).size, ledger.writes.length);
});

test('the timeline takes the first of each event after the kill, from the survivors', (t) => {
  const seen = witness();
  const say = (node: string, event: string, atMs: number, term = 4): void =>
    seen.heard(node, { event, atMs, term });
  say('n1', 'elected', 500, 3);
  say('n0', 'suspected', 1001);
  say('n2', 'leader-lost', 1004);
  say('n1', 'suspected', 1003.5);
  say('n2', 'vote-granted', 1006);
  say('n1', 'vote-requested', 1005);
  say('n1', 'elected', 1007.25);
  t.deepEqual(
    seen.timeline('n0', 1000, 1009).map(({ atMs, event, text }) => `${atMs} ${event}: ${text}`),
    [
      '0 killed: n0, the leader, is killed',
      '3.5 suspected: n1 holds it dead',
      '6 firstVote: n2 votes',
      '7.25 elected: n1 is elected, term 4',
      '9 firstAcknowledged: the client has its first new acknowledgement',
    ],
  );
});

test('what the logs do not tell is left out of the timeline', (t) => {
  t.deepEqual(
    witness()
      .timeline('n0', 1000, 1010)
      .map(({ event }) => event),
    ['killed', 'firstAcknowledged'],
  );
});
