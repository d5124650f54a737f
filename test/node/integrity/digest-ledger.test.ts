import test from 'ava';
import { logIndex, type NodeId, nodeId } from '../../../src/foundation/ids.ts';
import { activateMutant } from '../../../src/foundation/mutants.ts';
import { DigestLedger, type Electorate } from '../../../src/node/integrity/digest-ledger.ts';
import { parseVerdicts, verdictRows } from '../../../src/node/integrity/verdict.ts';
import { parsePeerView } from '../../../src/node/peers/peer-view.ts';
import { decodeReport, encodeReport } from '../../../src/node/peers/self-report.ts';

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(nodeId) as [NodeId, NodeId, NodeId, NodeId];

function electorate(
  voters: readonly NodeId[],
  rest: Partial<Electorate['configuration']> = {},
  doubted: readonly NodeId[] = [],
): Electorate {
  return {
    configuration: { voters, outgoing: [], learners: [], ...rest },
    counts: (id) => !doubted.includes(id),
  };
}

function says(
  ledger: DigestLedger,
  id: NodeId,
  index: number,
  digest: string,
  generation = '1',
  doubt: string | null = null,
): void {
  ledger.heard(id, { generation, notes: [{ index: logIndex(index), digest }], doubt });
}

const odd = (ledger: DigestLedger): readonly string[] => [...ledger.odd.keys()].sort();

test('the majority at one index decides; those behind are judged when they come there', (t) => {
  const ledger = new DigestLedger();
  const three = electorate([a, b, c]);
  says(ledger, a, 10, 'x');
  says(ledger, b, 10, 'y');
  ledger.judge(three);
  t.deepEqual(odd(ledger), []);
  t.deepEqual(ledger.dispute?.parties, [a, b]);
  says(ledger, c, 10, 'x');
  ledger.judge(three);
  t.deepEqual(odd(ledger), [b]);
  t.is(ledger.dispute, null);
  t.is<number, number>(ledger.confirmed(a), 10);
});

test('notes of different indices, of doubted replicas and of those in quarantine prove nothing', (t) => {
  const ledger = new DigestLedger();
  says(ledger, a, 10, 'x');
  says(ledger, b, 11, 'y');
  says(ledger, c, 12, 'z');
  ledger.judge(electorate([a, b, c]));
  t.deepEqual([odd(ledger), ledger.dispute], [[], null]);
  says(ledger, a, 20, 'x');
  says(ledger, b, 20, 'y');
  says(ledger, c, 20, 'y');
  ledger.judge(electorate([a, b, c], {}, [c]));
  t.deepEqual(odd(ledger), []);
  says(ledger, c, 21, 'y', '1', 'in quarantine');
  says(ledger, b, 21, 'y');
  says(ledger, a, 21, 'x');
  ledger.judge(electorate([a, b, c]));
  t.deepEqual(odd(ledger), []);
});

test('a joint change needs both majorities; learners are judged and do not judge', (t) => {
  const joint = electorate([a, b, c], { outgoing: [d], learners: [] });
  const ledger = new DigestLedger();
  for (const id of [a, b]) says(ledger, id, 10, 'x');
  says(ledger, c, 10, 'y');
  ledger.judge(joint);
  t.deepEqual(odd(ledger), []);
  says(ledger, d, 10, 'x');
  ledger.judge(joint);
  t.deepEqual(odd(ledger), [c]);
  const other = new DigestLedger();
  for (const id of [c, d]) says(other, id, 10, 'y');
  for (const id of [a, b]) says(other, id, 10, 'x');
  other.judge(electorate([a, b], { learners: [c, d] }));
  t.deepEqual(odd(other), [c, d]);
});

test('what was said of an earlier image is forgotten with it', (t) => {
  const ledger = new DigestLedger();
  const three = electorate([a, b, c]);
  for (const [id, digest] of [
    [a, 'x'],
    [b, 'x'],
    [c, 'y'],
  ] as const)
    says(ledger, id, 10, digest);
  ledger.judge(three);
  t.deepEqual(odd(ledger), [c]);
  says(ledger, c, 12, 'x', '2');
  for (const id of [a, b]) says(ledger, id, 12, 'x');
  ledger.judge(three);
  t.deepEqual(odd(ledger), []);
  t.is<number | null, number>(ledger.agreed, 12);
});

test.serial('mutant minority-verdict is found', (t) => {
  const ledger = new DigestLedger();
  activateMutant('minority-verdict');
  try {
    for (const [id, digest] of [
      [c, 'y'],
      [a, 'x'],
      [b, 'x'],
    ] as const)
      says(ledger, id, 10, digest);
    ledger.judge(electorate([c, a, b]));
    t.notDeepEqual(odd(ledger), [c]);
  } finally {
    activateMutant(null);
  }
});

test('verdicts lie beside what a leader says of peers, and neither reader minds the other', (t) => {
  const verdict = { id: c, generation: '1.f.2', index: logIndex(10), digest: 'x x x x' };
  const rows = [...verdictRows([verdict]), ['b', 'inc', false, 7, 1]];
  const bytes = Buffer.from(JSON.stringify(rows));
  t.deepEqual(parseVerdicts(bytes), [verdict]);
  t.deepEqual(
    parsePeerView(bytes).map(({ id }) => id),
    [b],
  );
  for (const text of ['', '{}', '[["odd"]]', '[["odd",1,2,3,4]]', 'odd'])
    t.deepEqual(parseVerdicts(Buffer.from(text)), []);
});

test('a report carries notes; one of a version without them is read as before', (t) => {
  const integrity = { generation: '1.f.2', notes: [{ index: logIndex(5), digest: 'q' }], doubt: null };
  const report = {
    loopLagMs: 1,
    syncMs: 2,
    memoryUsed: 0.5,
    diskFree: 0.25,
    applied: 7,
    revision: 8,
    facts: null,
    replicas: [],
    links: [],
    integrity,
    model: { scaledError: 0.5, models: 'gru:1', samples: [{ hash: 7, mean: 1.5, scale: 2 }] },
  };
  t.deepEqual(decodeReport(encodeReport(report)), report);
  t.deepEqual(decodeReport(encodeReport(report).subarray(0, 48)), {
    ...report,
    integrity: null,
    model: null,
  });
});
