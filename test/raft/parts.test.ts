import test from 'ava';
import { logIndex, nodeId, term } from '../../src/foundation/ids.ts';
import type { Configuration } from '../../src/ports/log-store.ts';
import {
  ConfigurationHistory,
  decodeConfiguration,
  encodeConfiguration,
  firstStep,
} from '../../src/raft/configuration.ts';
import { RaftLog } from '../../src/raft/log.ts';
import { quorumReached, tally } from '../../src/raft/quorum.ts';
import { entry } from './single-node.ts';

const ids = (text: string) => text.split('').map(nodeId);
const simple = (voters: string, learners = ''): Configuration => ({
  voters: ids(voters),
  outgoing: [],
  learners: ids(learners),
});

test('a majority of each set decides (Raft §6)', (t) => {
  const reached: Record<string, number> = { a: 5, b: 3, c: 1, d: 9, e: 9 };
  const of = (id: string): number => reached[id] ?? 0;
  t.is(quorumReached(simple('abc'), of), 3);
  t.is(quorumReached(simple('abcd'), of), 3);
  t.is(quorumReached(simple('abc', 'de'), of), 3);
  t.is(quorumReached({ voters: ids('ade'), outgoing: ids('abc'), learners: [] }, of), 3);
  t.is(quorumReached(simple(''), of), 0);
});

test('a tally is won by a majority, lost when one is out of reach', (t) => {
  const ballots: Record<string, boolean> = { a: true, b: false };
  const of = (id: string): boolean | null => ballots[id] ?? null;
  t.is(tally(simple('abc'), of), 'pending');
  t.is(tally(simple('a'), of), 'won');
  t.is(tally(simple('b'), of), 'lost');
  t.is(tally({ voters: ids('a'), outgoing: ids('ab'), learners: [] }, of), 'lost');
});

test('configurations encode the same whatever their order', (t) => {
  t.deepEqual(encodeConfiguration(simple('cab')), encodeConfiguration(simple('abc')));
  t.deepEqual(decodeConfiguration(encodeConfiguration(simple('ab', 'c'))), simple('ab', 'c'));
});

test('one voter more or less is a single step, anything else is joint (thesis §4.1, §4.3)', (t) => {
  const current = simple('abc');
  t.deepEqual(firstStep(current, { voters: ids('abcd'), learners: [] }).outgoing, []);
  t.deepEqual(firstStep(current, { voters: ids('ab'), learners: ids('c') }).outgoing, []);
  t.deepEqual(firstStep(current, { voters: ids('abd'), learners: [] }).outgoing, ids('abc'));
});

test('truncation brings the configuration before back, and its voters may be needed until then (Raft §6)', (t) => {
  const history = new ConfigurationHistory(simple('abc'), logIndex(0));
  history.appended({ ...entry(3, 1, 'configuration'), payload: encodeConfiguration(simple('bc')) });
  t.deepEqual(history.current, simple('bc'));
  t.true(history.mayNeed(nodeId('a')));
  history.truncated(logIndex(3));
  t.deepEqual(history.current, simple('abc'));
  history.appended({ ...entry(3, 2, 'configuration'), payload: encodeConfiguration(simple('bc')) });
  history.committed(logIndex(3));
  t.false(history.mayNeed(nodeId('a')));
});

const start = { index: logIndex(0), term: term(0) };

test('the best point for a conflict is found by term (Raft §5.3)', (t) => {
  const terms = [1, 1, 4, 4, 5, 5, 6];
  const log = new RaftLog(
    start,
    terms.map((inTerm, i) => entry(i + 1, inTerm)),
    logIndex(0),
    0,
  );
  t.deepEqual(log.findConflict(logIndex(7), term(5)), { index: logIndex(6), term: term(5) });
  t.deepEqual(log.findConflict(logIndex(9), term(3)), { index: logIndex(2), term: term(1) });
  t.deepEqual(log.findConflict(logIndex(5), term(0)), start);
});

test('memory keeps the entries that are not applied and a bounded number of bytes behind them', (t) => {
  const entries = Array.from({ length: 3000 }, (_, i) => entry(i + 1, 1));
  const log = new RaftLog(start, entries, logIndex(0), 330);
  log.commit = logIndex(3000);
  log.taken = logIndex(2900);
  log.setApplied(logIndex(2900));
  t.is(log.memoryFirst, logIndex(2891));
  t.is(log.entryAt(logIndex(2890)), null);
  t.is(log.termAt(logIndex(2890)), term(1));
  t.is(log.entryAt(logIndex(3000))?.index, logIndex(3000));
  t.is(log.slice(logIndex(2890), logIndex(3000), 66).length, 2, 'the first one counts');
  t.is(log.slice(logIndex(2890), logIndex(3000), 10).length, 1, 'at least one');
});

test('a tail whose predecessor is unknown begins with an unknown term', (t) => {
  const log = new RaftLog(
    { index: logIndex(2), term: term(1) },
    [entry(5, 1), entry(6, 1)],
    logIndex(5),
    1000,
  );
  t.is(log.termAt(logIndex(4)), null);
  t.is(log.termAt(logIndex(2)), term(1));
  log.setCompacted({ index: logIndex(4), term: term(1) });
  t.is(log.termAt(logIndex(4)), term(1));
});
