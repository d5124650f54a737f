import test from 'ava';
import { type CheckHistoryOptions, checkHistory } from '../../src/verification/import/check-history.ts';
import { porcupineHistory } from '../../src/verification/import/porcupine.ts';
import { type Data, Reader } from '../../src/verification/import/reader.ts';

const read = (text: string, format: 'edn' | 'json' = 'edn'): readonly Data[] =>
  new Reader(text, format).records().map(({ value }) => value);

test('EDN', (t) => {
  t.deepEqual(read('1 -2 +3N 2.5e1 4M nil true :a/b sym "x\\n\\"\\u0041" \\newline \\x'), [
    1,
    -2,
    3,
    25,
    4,
    null,
    true,
    ':a/b',
    'sym',
    'x\n"A',
    '\n',
    'x',
  ]);
  t.deepEqual(read('(1 [2 #{3}]) #inst "2020" #_ [left out] 9007199254740993 ; comment\n'), [
    [1, [2, [3]]],
    '2020',
    9007199254740993n,
  ]);
  t.deepEqual(read('[{:a 1, :b {:c [nil]}} #_x]'), [
    new Map<Data, Data>([
      [':a', 1],
      [':b', new Map([[':c', [null]]])],
    ]),
  ]);
  t.deepEqual(read('#jepsen.history.Op{:type :ok}\n{:type :ok}').length, 2);
  t.deepEqual(read('[{"a" : [1, null], "b":"c:d"}]', 'json'), [
    new Map<Data, Data>([
      ['a', [1, null]],
      ['b', 'c:d'],
    ]),
  ]);
});

/** As Jepsen stores them, with what a nemesis did between. */
const jepsen = {
  registerOk: `
{:type :invoke, :f :write, :value 3, :process 0, :time 101, :index 0}
{:type :invoke, :f :read, :value nil, :process 1, :time 102, :index 1}
{:type :info, :f :start, :process :nemesis, :time 103, :value "partition", :index 2}
{:type :ok, :f :read, :value nil, :process 1, :time 104, :index 3}
{:type :ok, :f :write, :value 3, :process 0, :time 105, :index 4}
{:type :invoke, :f :cas, :value [3 4], :process 1, :time 106, :index 5}
{:type :invoke, :f :cas, :value [3 1], :process 0, :time 107, :index 6}
{:type :fail, :f :cas, :value [3 1], :process 0, :time 108, :index 7}
{:type :info, :f :cas, :value [3 4], :process 1, :time 109, :error :timeout, :index 8}
{:type :invoke, :f :read, :value nil, :process 2, :time 110, :index 9}
{:type :ok, :f :read, :value 3, :process 2, :time 111, :index 10}
{:type :invoke, :f :read, :value nil, :process 2, :time 112, :index 11}
{:type :ok, :f :read, :value 4, :process 2, :time 113, :index 12}`,
  independent: `[
{:type :invoke, :f :write, :value [7 3], :process 0}
{:type :ok, :f :write, :value [7 3], :process 0}
{:type :invoke, :f :cas, :value [7 [3 5]], :process 0}
{:type :ok, :f :cas, :value [7 [3 5]], :process 0}
{:type :invoke, :f :read, :value [8 nil], :process 1}
{:type :ok, :f :read, :value [8 nil], :process 1}
{:type :invoke, :f :read, :value [7 nil], :process 1}
{:type :ok, :f :read, :value [7 5], :process 1}]`,
  log: `INFO  jepsen.core - Worker 0 starting
INFO  jepsen.util - 0	:invoke	:write	2
INFO  jepsen.util - 1	:invoke	:read	nil
INFO  jepsen.util - :nemesis	:info	:start	nil
INFO  jepsen.util - 0	:info	:write	:timed-out
INFO  jepsen.util - 1	:fail	:read	:timed-out
INFO  jepsen.util - 10	:invoke	:cas	[2 4]
INFO  jepsen.util - 10	:ok	:cas	[2 4]`,
  keyValue: `{:process 0, :type :invoke, :f :get, :key "a", :value nil}
{:process 0, :type :ok, :f :get, :key "a", :value ""}
{:process 1, :type :invoke, :f :append, :key "a", :value "x 1 0 y"}
{:process 1, :type :ok, :f :append, :key "a", :value "x 1 0 y"}
{:process 1, :type :invoke, :f :append, :key "a", :value "x 1 1 y"}
{:process 1, :type :ok, :f :append, :key "a", :value "x 1 1 y"}
{:process 0, :type :invoke, :f :get, :key "a", :value nil}
{:process 0, :type :ok, :f :get, :key "a", :value "x 1 0 yx 1 1 y"}`,
  mutex: `[{"type":"invoke","f":"acquire","process":3,"time":371408519,"index":0},
{"type":"ok","f":"acquire","process":3,"time":371408619,"index":1},
{"type":"invoke","f":"acquire","process":4,"time":371408719,"index":2},
{"type":"fail","f":"acquire","process":4,"time":371408819,"error":"already-held","index":3},
{"type":"info","f":"start","process":"nemesis","time":371408829,"index":4},
{"type":"invoke","f":"release","process":3,"time":371408919,"index":5},
{"type":"ok","f":"release","process":3,"time":371409019,"index":6}]`,
  listAppend: `{:index 0 :type :invoke :process 0 :f :txn :value [[:append 253 1] [:r 255 nil]]}
{:index 1 :type :ok     :process 0 :f :txn :value [[:append 253 1] [:r 255 []]]}
{:index 2 :type :invoke :process 1 :f :txn :value [[:append 255 8] [:r 253 nil]]}
{:index 3 :type :ok     :process 1 :f :txn :value [[:append 255 8] [:r 253 [1]]]}`,
  bank: `{:type :invoke, :f :transfer, :process 0, :time 1, :value {:from 0, :to 1, :amount 5}, :index 0}
{:type :invoke, :f :read, :process 1, :time 2, :index 1}
{:type :ok, :f :read, :process 1, :time 3, :value {0 10, 1 10, 2 10}, :index 2}
{:type :ok, :f :transfer, :process 0, :time 4, :value {:from 0, :to 1, :amount 5}, :index 3}
{:type :invoke, :f :read, :process 1, :time 5, :index 4}
{:type :ok, :f :read, :process 1, :time 6, :value {0 5, 1 15, 2 10}, :index 5}`,
};

/** As Go's encoder writes porcupine's operations and events. */
const porcupine = {
  operations: `[{"ClientId":0,"Input":{"Op":1,"Key":"x","Value":"y"},"Call":0,"Output":{"Value":""},"Return":100},
{"ClientId":1,"Input":{"Op":2,"Key":"x","Value":"z"},"Call":100,"Output":{"Value":""},"Return":1758000000000000001},
{"ClientId":2,"Input":{"Op":0,"Key":"x","Value":""},"Call":50,"Output":{"Value":"y"},"Return":60},
{"ClientId":2,"Input":{"Op":0,"Key":"x","Value":""},"Call":110,"Output":{"Value":"yz"},"Return":120},
{"ClientId":3,"Input":{"Op":1,"Key":"x","Value":"q"},"Call":110,"Output":null,"Return":null}]`,
  events: `[{"ClientId":0,"Kind":false,"Value":{"Op":1,"Arg1":5,"Arg2":0},"Id":0},
{"ClientId":1,"Kind":false,"Value":{"Op":0,"Arg1":0,"Arg2":0},"Id":1},
{"ClientId":1,"Kind":true,"Value":{"Ok":false,"Exists":false,"Value":0,"Unknown":false},"Id":1},
{"ClientId":0,"Kind":true,"Value":{"Ok":true,"Exists":false,"Value":0,"Unknown":true},"Id":0},
{"ClientId":1,"Kind":false,"Value":{"Op":2,"Arg1":5,"Arg2":6},"Id":2},
{"ClientId":1,"Kind":true,"Value":{"Ok":true,"Exists":false,"Value":0,"Unknown":false},"Id":2}]`,
  registers: `{"ClientId":0,"Input":{"Op":true,"Value":0},"Call":1,"Output":0,"Return":2}
{"ClientId":0,"Input":{"Op":false,"Value":100},"Call":3,"Output":0,"Return":4}
{"ClientId":1,"Input":{"Op":true,"Value":0},"Call":5,"Output":100,"Return":6}`,
};

function judged(text: string, options: CheckHistoryOptions = {}): string {
  const { format, model, operations, indeterminate, answer } = checkHistory(text, options);
  return `${format} ${model} ${operations} ${indeterminate} ${answer}`;
}

test('good histories of other tools', (t) => {
  t.is(judged(jepsen.registerOk), 'jepsen register 6 1 yes');
  t.is(judged(jepsen.independent), 'jepsen register 4 0 yes');
  t.is(judged(jepsen.log), 'jepsen register 3 1 yes');
  t.is(judged(jepsen.keyValue), 'jepsen register 4 0 yes');
  t.is(judged(jepsen.mutex), 'jepsen mutex 3 0 yes');
  t.is(judged(jepsen.listAppend), 'jepsen list-append 2 0 yes');
  t.is(judged(jepsen.bank), 'jepsen bank 3 0 yes');
  t.is(judged(porcupine.operations), 'porcupine register 5 1 yes');
  t.is(judged(porcupine.events), 'porcupine register 3 1 yes');
  t.is(judged(porcupine.registers), 'porcupine register 3 0 yes');
});

test('the same histories with one answer changed', (t) => {
  const change = (text: string, from: string, to: string): string => {
    t.true(text.includes(from));
    return text.replace(from, to);
  };
  t.is(judged(change(jepsen.registerOk, ':read, :value 4', ':read, :value 1')), 'jepsen register 6 1 no');
  t.is(judged(change(jepsen.independent, '[7 5]', '[7 3]')), 'jepsen register 4 0 no');
  t.is(judged(jepsen.log.replace(/\[2 4\]/g, '[3 4]')), 'jepsen register 3 1 no');
  t.is(judged(change(jepsen.keyValue, 'x 1 0 yx 1 1 y', 'x 1 1 y')), 'jepsen register 4 0 no');
  t.is(judged(change(jepsen.mutex, '"fail"', '"ok"')), 'jepsen mutex 3 0 no');
  t.is(judged(change(jepsen.listAppend, '[1]]]', '[]]]')), 'jepsen list-append 2 0 no');
  t.is(judged(change(jepsen.bank, '1 15', '1 10')), 'jepsen bank 3 0 no');
  t.is(judged(change(porcupine.operations, '"yz"', '"z"')), 'porcupine register 5 1 no');
  t.is(
    judged(change(porcupine.events, '"Arg1":5,"Arg2":6', '"Arg1":4,"Arg2":6')),
    'porcupine register 3 1 no',
  );
  t.is(judged(change(porcupine.registers, '"Output":100', '"Output":0')), 'porcupine register 3 0 no');
});

test('options: model, start, sum, real time', (t) => {
  t.is(judged(jepsen.registerOk, { initial: '9' }), 'jepsen register 6 1 no');
  t.is(checkHistory(jepsen.bank, { total: 31 }).violations[0]?.check, 'bank-sum');
  const stale = jepsen.listAppend
    .replace('[1]]]', '[]]]')
    .replace('[:r 255 []]', '[:r 254 []]')
    .replace('[:r 255', '[:r 254');
  t.deepEqual(
    checkHistory(stale).violations.map((each) => each.check),
    ['G-single-realtime'],
  );
  t.is(checkHistory(stale, { realtime: false }).answer, 'yes');
  t.is(
    checkHistory(jepsen.listAppend, { shouldStop: () => true }).answer,
    'yes',
    'there is nothing to search',
  );
});

test('a history that is not linearizable comes with a picture', (t) => {
  const { detail, counterexample } = checkHistory(jepsen.independent.replace('[7 5]', '[7 3]'));
  t.is(detail, 'not linearizable: no order explains 0: cas 7 3→5 -> ok; 1: get 7 -> 3');
  t.deepEqual(
    counterexample?.operations.map(({ text, wrong }) => `${text} ${wrong}`),
    ['0: put 7=3 -> ok false', '0: cas 7 3→5 -> ok true', '1: get 7 -> 3 true'],
  );
});

test('what returns in the moment of a call overlaps it', (t) => {
  const { events } = porcupineHistory(porcupine.operations);
  t.deepEqual(
    events.slice(0, 5).map((each) => `${each.kind} ${each.operation}`),
    ['invoke 0', 'invoke 2', 'ok 2', 'invoke 1', 'ok 0'],
  );
});

const broken: Readonly<Record<string, readonly [string, RegExp]>> = {
  'nothing at all': ['  \n', /^line 1: the history is empty$/],
  'only a nemesis': ['{:type :info, :f :start, :process :nemesis}', /^line 1: no operation of a client/],
  'not an operation': ['{:type :invoke :process 0 :f :read}\n17', /^line 2: not an operation/],
  'a type that is none': ['\n{:type :done, :process 0}', /^line 2: :type is :done/],
  'a function that is none': ['{:type :invoke, :process 0, :f :frob, :value 1}', /^line 1: :f is :frob/],
  'an end without a beginning': [
    '{:type :ok, :process 0, :f :read, :value 1}',
    /^line 1: process 0 ends what/,
  ],
  'two at a time': [
    '{:type :invoke, :process 0, :f :read}\n{:type :invoke, :process 0, :f :read}',
    /^line 2: process 0 begins while its operation of line 1 has no end$/,
  ],
  'a swap without two values': ['{:type :invoke, :process 0, :f :cas, :value 1}', /^line 1: :cas needs/],
  'a map without an end': [
    '{:type :ok}\n{:type :invoke, :process 0',
    /^line 2: what begins here has no } at its end$/,
  ],
  'a string without an end': ['{:type "ok', /^line 1: a string without an end$/],
  'a bracket that closes nothing': ['{:type :ok]}', /^line 1: ] that closes nothing$/],
  'a key without a value': ['{:type}', /^line 1: a map with a key/],
  'an unknown operation of porcupine': [
    '[{"ClientId":0,\n"Input":{"Op":7},"Call":1}]',
    /^line 1: "Op" is 7, not get, put/,
  ],
  'a return before the call': [
    '[{"Input":{"Op":0},"Call":5,"Output":"","Return":1}]',
    /^line 1: "Return" 1 is before/,
  ],
  'a micro-operation that is none': [
    '{:type :invoke, :process 0, :f :txn, :value [[:w 1 2]]}',
    /^line 1: \[:w 1 2\] is neither/,
  ],
  'a balance that is no number': [
    '{:type :invoke, :process 0, :f :read}\n{:type :ok, :process 0, :f :read, :value {0 "x"}}',
    /^line 2: a balance is x, not a number$/,
  ],
  brackets: ['('.repeat(100), /more than 64 brackets/],
};

for (const [name, [text, message]] of Object.entries(broken)) {
  test(`what can't be read names its line: ${name}`, (t) => {
    t.like(
      t.throws(() => checkHistory(text)),
      { code: 'invalid-argument' },
    );
    t.throws(() => checkHistory(text), { message });
  });
}
