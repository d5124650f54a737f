import test from 'ava';
import { textOf } from '../../src/foundation/bytes.ts';
import { revision } from '../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import { activateMutant } from '../../src/foundation/mutants.ts';
import type { RangeRequest } from '../../src/ports/command.ts';
import { completeRange, createStateMachine } from '../../src/state/state-machine.ts';
import { b, compact, del, Log, put, range } from './commands.ts';
import { MemoryImage } from './memory-history.ts';

function store(): Log {
  const log = new Log(createStateMachine({ limits }));
  log.apply(put('a', '3'), put('b', '1'), put('c', '2'), put('a', '4'), put('d', '0'));
  return log;
}

async function read(log: Log, request: RangeRequest): Promise<string> {
  const answer = log.state.range(request);
  const image = new MemoryImage();
  const result =
    answer.kind === 'needsHistory' ? await completeRange(answer, log.state.history(image.history)) : answer;
  if (result.kind === 'failed') return result.code;
  const values = result.values.map(({ key, value }) => `${textOf(key)}=${textOf(value)}`).join(' ');
  return `${values} count=${result.count} more=${result.more} at=${result.revision}`;
}

test('the first change is revision 2, each changing command one more', (t) => {
  const { state } = new Log(createStateMachine({ limits }));
  t.is(state.revision('user'), revision(1));
  const log = store();
  t.is(log.state.revision('user'), revision(6));
  t.is(log.state.revision('planes'), revision(1));
  log.one(del('nothing'));
  t.is(log.state.revision('user'), revision(6));
});

const cases: readonly [string, RangeRequest, string][] = [
  ['one key', range('a'), 'a=4 count=1 more=false at=6'],
  ['no such key', range('x'), ' count=0 more=false at=6'],
  ['half open', range('a', 'c'), 'a=4 b=1 count=2 more=false at=6'],
  ['from a key on', range('b', '\0'), 'b=1 c=2 d=0 count=3 more=false at=6'],
  ['end before start', range('c', 'a'), ' count=0 more=false at=6'],
  ['limit, count of all', range('a', '\0', { limit: 2 }), 'a=4 b=1 count=4 more=true at=6'],
  ['limit as large as all', range('a', '\0', { limit: 4 }), 'a=4 b=1 c=2 d=0 count=4 more=false at=6'],
  ['count only', range('a', '\0', { countOnly: true, limit: 1 }), ' count=4 more=false at=6'],
  ['keys only', range('a', 'c', { keysOnly: true }), 'a= b= count=2 more=false at=6'],
  ['descending', range('a', '\0', { order: 'descend', limit: 1 }), 'd=0 count=4 more=true at=6'],
  [
    'by value',
    range('a', '\0', { target: 'value', order: 'ascend', limit: 2 }),
    'd=0 b=1 count=4 more=true at=6',
  ],
  [
    'by target without order: etcd sorts what the limit (and one more) let through',
    range('a', '\0', { target: 'value', limit: 2 }),
    'b=1 c=2 count=4 more=true at=6',
  ],
  [
    'by mod, descending',
    range('a', '\0', { target: 'mod', order: 'descend' }),
    'd=0 a=4 c=2 b=1 count=4 more=false at=6',
  ],
  [
    'bounds filter values but not the count',
    range('a', '\0', { minModRevision: revision(4), maxModRevision: revision(5), limit: 1 }),
    'a=4 count=4 more=true at=6',
  ],
  ['by creation', range('a', '\0', { maxCreateRevision: revision(2) }), 'a=4 count=4 more=false at=6'],
  ['older', range('a', '\0', { revision: revision(3) }), 'a=3 b=1 count=2 more=false at=6'],
  ['older with a limit', range('a', '\0', { revision: revision(4), limit: 1 }), 'a=3 count=3 more=true at=6'],
  ['before anything', range('a', '\0', { revision: revision(1) }), ' count=0 more=false at=6'],
  ['future', range('a', '', { revision: revision(7) }), 'revision-future'],
  ['empty key', range('', '\0'), 'key-empty'],
];
for (const [title, request, expected] of cases)
  test(`range: ${title}`, async (t) => {
    t.is(await read(store(), request), expected);
  });

test('compaction keeps what is visible at the compacted revision', async (t) => {
  const log = store();
  log.apply(del('b'), put('a', '5'));
  t.like(log.one(compact(5)), { kind: 'compact', revision: 8 });
  t.is(await read(log, range('a', '\0', { revision: revision(4) })), 'revision-compacted');
  t.is(await read(log, range('a', '\0', { revision: revision(5) })), 'a=4 b=1 c=2 count=3 more=false at=8');
  t.like(log.one(compact(5)), { kind: 'failed', code: 'revision-compacted' });
  t.like(log.one(compact(9)), { kind: 'failed', code: 'revision-future' });
  log.one(compact(8));
  log.state.takeImageBatch();
  for (let i = 0; i < 70; i++) log.apply();
  t.is(await read(log, range('a', '\0', { revision: revision(8) })), 'a=5 c=2 d=0 count=3 more=false at=8');
  t.is(log.state.priorRevision('user', b('b'), revision(8)), revision(0));
});

test('a compaction that overtakes the read makes it fail, not answer short', async (t) => {
  const log = store();
  const image = new MemoryImage();
  const plan = log.state.range(range('a', '', { revision: revision(2) }));
  if (plan.kind !== 'needsHistory') return t.fail('the older value is not in memory');
  t.deepEqual(plan.wanted, [{ key: b('a'), revision: revision(2) }]);
  image.append(log.state.takeImageBatch());
  log.one(compact(6));
  image.append(log.state.takeImageBatch());
  image.reclaim((space, key, at) => log.state.isLive(space, key, at));
  t.like(await completeRange(plan, log.state.history(image.history)), { code: 'revision-compacted' });
});

test.serial('mutant compaction-hides-live: a read at the compacted revision misses a key', async (t) => {
  t.teardown(() => activateMutant(null));
  activateMutant('compaction-hides-live');
  const log = store();
  log.one(compact(4));
  log.state.takeImageBatch();
  for (let i = 0; i < 70; i++) log.apply();
  t.is(await read(log, range('a', '', { revision: revision(4) })), ' count=0 more=false at=6');
});
