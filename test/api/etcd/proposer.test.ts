import { setImmediate as nextTurn } from 'node:timers/promises';
import test from 'ava';
import { Deadlines } from '../../../src/api/etcd/deadlines.ts';
import { EtcdError } from '../../../src/api/etcd/etcd-error.ts';
import { Answered } from '../../../src/api/etcd/writes/answered.ts';
import type { WriteOutcome } from '../../../src/api/etcd/writes/flight.ts';
import { Proposer } from '../../../src/api/etcd/writes/proposer.ts';
import { nodeId } from '../../../src/foundation/ids.ts';
import { defaultRequestLimits, limits } from '../../../src/foundation/limits.ts';
import type { TanistNode } from '../../../src/node/node.ts';
import { put } from '../../state/commands.ts';

const megabyte = 1024 * 1024;
const details = (outcome: WriteOutcome): string => (outcome instanceof EtcdError ? outcome.details : 'ok');

test('writes that wait for a leader are bounded in bytes, and make room when they are given up', async (t) => {
  const node = {
    requestLimits: defaultRequestLimits,
    routing: () => ({ leader: null, members: [] }),
    onRouting: () => () => {},
    expect: () => {},
  } as unknown as TanistNode;
  const deadlines = new Deadlines(60_000);
  const proposer = new Proposer(node, nodeId('a'), deadlines, new Answered());
  const answers: string[] = [];
  const large = put('k', 'x'.repeat(megabyte));
  const propose = (): void => proposer.propose(large, (outcome) => answers.push(details(outcome)));
  const most = limits.uncommittedBytes / megabyte;
  for (let i = 0; i < most + 5; i++) propose();
  t.true(answers.length >= 5 && answers.length < 10);
  t.true(answers.every((answer) => answer === 'etcdserver: too many requests'));
  proposer.propose(put('k', 'small'), (outcome) => answers.push(details(outcome)));
  await nextTurn();
  const refused = answers.length;
  t.true(refused < 10, 'a small one finds room');
  deadlines.close();
  t.is(answers.length, most + 6);
  t.is(answers.at(-1), 'etcdserver: request timed out');
  propose();
  await nextTurn();
  t.is(answers.length, most + 6, 'there is room again');
  proposer.close();
});
