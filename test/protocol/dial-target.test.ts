import test from 'ava';
import { dialTarget } from '../../src/protocol/dial-target.ts';

test('numbers need no resolver, names do', (t) => {
  t.is(dialTarget('127.0.0.1:7400'), 'ipv4:127.0.0.1:7400');
  t.is(dialTarget('[::1]:7400'), 'ipv6:[::1]:7400');
  t.is(dialTarget('localhost:7400'), 'localhost:7400');
  t.is(dialTarget('node-1.example:7400'), 'node-1.example:7400');
  t.is(dialTarget('7400'), '7400');
});
