import { Readable } from 'node:stream';
import test from 'ava';
import {
  durationMs,
  endpointList,
  labelsWith,
  leaseNumber,
  leaseText,
  seedRange,
  wholeNumber,
} from '../../src/cli/terminal/arguments.ts';
import { errorText, exitCode } from '../../src/cli/terminal/fail.ts';
import { figure } from '../../src/cli/terminal/figure.ts';
import { jsonLine, printable } from '../../src/cli/terminal/json.ts';
import { progressOn } from '../../src/cli/terminal/progress.ts';
import { valueOrInput } from '../../src/cli/terminal/standard-input.ts';
import { styleFor } from '../../src/cli/terminal/style.ts';
import { table } from '../../src/cli/terminal/table.ts';
import { UsageError } from '../../src/cli/terminal/usage-error.ts';
import { saysWaiting } from '../../src/cli/terminal/waiting.ts';
import { TanistError } from '../../src/foundation/errors.ts';
import { TestClock } from '../mirrors/test-clock.ts';

const plain = styleFor({ isTTY: false });

test('tables have no frame, numbers to the right, no trailing blanks', (t) => {
  t.is(
    table(
      ['id', 'applied'],
      [
        ['n0', 5],
        ['node-1', 12_345],
      ],
      plain,
    ),
    ['id      applied', 'n0            5', 'node-1   12,345'].join('\n'),
  );
  t.is(table(['id', 'applied'], [], plain), 'id  applied');
});

test('figures', (t) => {
  t.deepEqual([0, 1.005, 12.345, 123.45, 1234.5, 1_000_000, Number.NaN].map(figure), [
    '0',
    '1.00',
    '12.35',
    '123.5',
    '1,235',
    '1,000,000',
    '–',
  ]);
});

test('JSON is one line; 64-bit ids are text, bytes keep every bit', (t) => {
  t.is(
    jsonLine({ id: 255n, text: 'a\nb', bad: Number.NaN }),
    '{"id":"00000000000000ff","text":"a\\nb","bad":null}',
  );
  t.is(printable(Buffer.from('grün')), 'grün');
  t.is(printable(Uint8Array.of(0xff, 0)), 'base64:/wA=');
});

test('labels are gathered; a malformed one, and one given twice, are refused', (t) => {
  t.deepEqual(labelsWith('rack=r=1', labelsWith('zone=a')), { zone: 'a', rack: 'r=1' });
  for (const text of ['', 'zone', 'zone=', '=a', 'a b=c', 'zone=a b'])
    t.throws(() => labelsWith(text), { message: /must be name=value/ }, text);
  t.throws(() => labelsWith('zone=b', { zone: 'a' }), { message: /"zone" is given twice/ });
});

test('colour only on a terminal that wants it', (t) => {
  t.is(styleFor({ isTTY: true }, { TERM: 'xterm' }).bold('x'), '\u001b[1mx\u001b[22m');
  t.is(styleFor({ isTTY: true }, { TERM: 'xterm', NO_COLOR: '1' }).bold('x'), 'x');
  t.is(styleFor({ isTTY: true }, { TERM: 'dumb' }).bold('x'), 'x');
  t.is(plain.red('x'), 'x');
});

test('progress is one line on a terminal and nothing elsewhere', (t) => {
  const written: string[] = [];
  const write = (text: string): void => void written.push(text);
  const elsewhere = progressOn({ write });
  elsewhere.update('half');
  elsewhere.clear();
  t.deepEqual(written, []);
  const terminal = progressOn({ write, isTTY: true, columns: 10 });
  terminal.update('a long line of text');
  terminal.clear();
  terminal.clear();
  t.deepEqual(written, ['\r\u001b[2Ka long l…', '\r\u001b[2K']);
});

test('what is waited for is said from 2 s on, until the command says something', async (t) => {
  const clock = new TestClock();
  const written: string[] = [];
  const write = (text: string): void => void written.push(text.replace('\r\u001b[2K', '|'));
  const waiting = saysWaiting(progressOn({ write, isTTY: true }), 'an answer of a:1', clock);
  await clock.advance(1999);
  t.deepEqual(written, []);
  await clock.advance(1001);
  t.deepEqual(written, ['|waiting for an answer of a:1, 2 s …', '|waiting for an answer of a:1, 3 s …']);
  waiting.update('half');
  await clock.advance(5000);
  t.deepEqual(written.slice(2), ['|half']);
  waiting.clear();
  saysWaiting(progressOn({ write, isTTY: true }), 'x', clock).clear();
  saysWaiting(progressOn({ write }), 'x', clock);
  await clock.advance(5000);
  t.deepEqual(written.slice(3), ['|']);
});

test('arguments', (t) => {
  t.is(durationMs('250'), 250);
  t.is(durationMs('1.5s'), 1500);
  t.is(durationMs('2m'), 120_000);
  for (const wrong of ['', 's', '0', '-1s', '5 s', '1d'])
    t.throws(() => durationMs(wrong), { message: /duration/ });
  t.is(wholeNumber(1, 5)('5'), 5);
  for (const wrong of ['0', '6', '2.5', 'x', ''])
    t.throws(() => wholeNumber(1, 5)(wrong), { message: /from 1 to 5/ });
  t.is(leaseNumber('ff'), 255n);
  t.is(leaseNumber('0xFFFFFFFFFFFFFFFF'), 2n ** 64n - 1n);
  t.is(leaseText(leaseNumber('00000000000000ff')), '00000000000000ff');
  t.is(leaseText(leaseNumber('dec:255')), '00000000000000ff');
  t.is(leaseNumber('255'), 0x255n, 'digits alone are hexadecimal, as they are printed');
  t.is(leaseText(leaseNumber('dec:-1')), 'ffffffffffffffff');
  t.is(leaseText(-1n), 'ffffffffffffffff');
  for (const wrong of ['xyz', 'dec:', 'dec:ff', 'dec:9223372036854775808', 'dec:99999999999999999999'])
    t.throws(() => leaseNumber(wrong), { message: /hexadecimal/ });
  t.deepEqual(seedRange('1..1000'), { from: 1, to: 1000 });
  t.deepEqual(seedRange('7'), { from: 7, to: 7 });
  for (const wrong of ['5..1', 'a..b', '1-5']) t.throws(() => seedRange(wrong), { message: /range/ });
  t.deepEqual(endpointList('a:1, [::1]:2'), ['a:1', '[::1]:2']);
  for (const wrong of ['', 'a', 'a:0', 'a:70000', 'http://a:1'])
    t.throws(() => endpointList(wrong), { message: /host:port/ });
});

test('errors are one line with their code; bugs keep their stack', (t) => {
  t.is(
    errorText(new TanistError('port-taken', 'port 1 is taken\nby another')),
    'port 1 is taken by another (port-taken)',
  );
  t.is(errorText(new UsageError('so not')), 'so not');
  t.is(
    errorText(new TanistError('invalid-argument', 'row "\u001b[2J\u009b1m\u0007"')),
    'row "\ufffd[2J\ufffd1m\ufffd" (invalid-argument)',
  );
  t.is(errorText(Object.assign(new Error('no'), { code: 'ENOENT' })), 'no (ENOENT)');
  t.regex(errorText(new TypeError('oops')), /^TypeError: oops\n +at /);
  t.is(exitCode(new UsageError('x')), 2);
  t.is(exitCode(new Error('x')), 1);
});

test('a value: as given, or from the standard input, of which nothing is a mistake', async (t) => {
  const hints: string[] = [];
  const read = (value: string | undefined, parts: readonly string[], isTTY = false) => {
    const input = Object.assign(Readable.from(parts.map((part) => Buffer.from(part))), { isTTY });
    return valueOrInput(value, input, (hint) => hints.push(hint));
  };
  t.is(await read('v', ['unread']), 'v');
  t.is(await read('', ['unread']), '');
  for (const value of [undefined, '-']) t.is(Buffer.from(await read(value, ['a', 'b'])).toString(), 'ab');
  t.deepEqual(hints, []);
  await t.throwsAsync(read(undefined, []), { instanceOf: UsageError, message: /standard input is empty/ });
  await t.throwsAsync(read('-', [], true), { instanceOf: UsageError });
  t.is(hints.length, 1);
});
