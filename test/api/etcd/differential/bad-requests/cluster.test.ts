import test from 'ava';
import { clusterMethods } from '../../../../../src/protocol/etcd/methods.ts';
import { type Case, compareCases, type Side, startBoth, stopBoth } from './sides.ts';

const { memberAdd, memberList, memberPromote, memberRemove, memberUpdate } = clusterMethods;
const highest = 2n ** 64n - 1n;

const badUrls = '3 etcdserver: given member URLs are invalid';
const updated = JSON.stringify({
  members: [
    { ID: 'ADDED', name: '', peerURLs: ['http://c:1', 'http://d:1'], clientURLs: [], isLearner: true },
    { ID: 'SELF', name: 'NAME', peerURLs: ['PEER'], clientURLs: ['CLIENT'], isLearner: false },
  ],
});
const unchecked = 'etcd does not look at the URLs of an update';

const add = (what: string, ...peerURLs: string[]): Case => ({
  what: `learner, ${what}`,
  method: memberAdd,
  request: { peerURLs, isLearner: true },
});
const keep = (side: Side, { member }: { readonly member: { readonly ID: bigint } }): void =>
  void side.kept.set('ADDED', member.ID);
/** A URL that is fine, and the member that it made removed again. */
const addAndRemove = (what: string, ...peerURLs: string[]): readonly Case[] => [
  { ...add(what, ...peerURLs), keep },
  { what, method: memberRemove, request: ({ kept }) => ({ ID: kept.get('ADDED') }) },
];

const cases: readonly Case[] = [
  { what: 'local', method: memberList, request: {} },
  { what: 'linearizable', method: memberList, request: { linearizable: true } },
  { what: 'voter, none', method: memberAdd, request: {} },
  { what: 'voter, no URL', method: memberAdd, request: { peerURLs: ['nonsense'] } },
  { what: "voter, one's own URL", method: memberAdd, request: ({ self }) => ({ peerURLs: self.peerURLs }) },
  add('none'),
  add('empty', ''),
  add('nonsense', 'nonsense'),
  add('no host', 'http://'),
  add('no port', 'http://a'),
  { ...add('empty port', 'http://a:'), keep, differs: [badUrls, 'etcd takes a URL that nobody can dial'] },
  {
    what: 'empty port',
    method: memberRemove,
    request: ({ kept }) => ({ ID: kept.get('ADDED') }),
    differs: ['5 etcdserver: member not found', 'it was not added'],
  },
  add('a path', 'http://a:1/path'),
  add('another scheme', 'ftp://a:1'),
  add('no scheme', 'a:1'),
  add('a port of letters', 'http://a:x'),
  add('a bracket', 'http://[::1:1'),
  add('control characters', 'http://a\n:1'),
  add('the second is wrong', 'http://a:1', 'b'),
  ...addAndRemove('IPv6', 'http://[::1]:1'),
  ...addAndRemove('two', 'http://b:1', 'http://a:1'),
  ...addAndRemove('with blanks around', ' http://e:1 '),
  { ...add('fine', 'http://a:1'), keep },
  add('one more', 'http://b:1'),
  add("one's own URL and a wrong one", 'http://a:1', 'b'),
  { what: 'with a learner', method: memberList, request: {} },
  { what: 'not started', method: memberPromote, request: ({ kept }) => ({ ID: kept.get('ADDED') }) },
  {
    what: 'to a URL of another',
    method: memberUpdate,
    request: ({ kept, self }) => ({ ID: kept.get('ADDED'), peerURLs: self.peerURLs }),
  },
  {
    what: 'to others',
    method: memberUpdate,
    request: ({ kept }) => ({ ID: kept.get('ADDED'), peerURLs: ['http://d:1', 'http://c:1'] }),
    differs: [updated, 'the order of URLs says nothing, and etcd 3.4 forgets that it is a learner'],
  },
  { what: 'a learner', method: memberRemove, request: ({ kept }) => ({ ID: kept.get('ADDED') }) },
  { what: 'again', method: memberRemove, request: ({ kept }) => ({ ID: kept.get('ADDED') }) },
  { what: 'of one removed', method: memberPromote, request: ({ kept }) => ({ ID: kept.get('ADDED') }) },
  {
    what: 'of one removed',
    method: memberUpdate,
    request: ({ kept }) => ({ ID: kept.get('ADDED'), peerURLs: ['http://c:1'] }),
  },
  ...[0n, 1n, highest].flatMap((ID): Case[] => [
    { what: `unknown ${ID}`, method: memberRemove, request: { ID } },
    { what: `unknown ${ID}`, method: memberPromote, request: { ID } },
    { what: `unknown ${ID}`, method: memberUpdate, request: { ID, peerURLs: ['http://a:1'] } },
    { what: `unknown ${ID}, no URLs`, method: memberUpdate, request: { ID } },
    { what: `unknown ${ID}, a wrong URL`, method: memberUpdate, request: { ID, peerURLs: ['x'] } },
  ]),
  { what: 'no learner', method: memberPromote, request: ({ self }) => ({ ID: self.ID }) },
  {
    what: 'itself to nothing',
    method: memberUpdate,
    request: ({ self }) => ({ ID: self.ID }),
    differs: [badUrls, unchecked],
  },
  {
    what: 'itself to its own',
    method: memberUpdate,
    request: ({ self }) => ({ ID: self.ID, peerURLs: self.peerURLs }),
  },
  { what: 'in the end', method: memberList, request: {} },
  { what: 'the last', method: memberRemove, request: ({ self }) => ({ ID: self.ID }) },
];

test.after.always(stopBoth);

test('changes of members that cannot be', async (t) => {
  const both = await startBoth(t);
  if (both === null) return t.pass();
  await compareCases(t, both, cases);
});
