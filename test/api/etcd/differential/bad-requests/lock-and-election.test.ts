import test from 'ava';
import {
  electionMethods,
  kvMethods,
  leaseMethods,
  lockMethods,
} from '../../../../../src/protocol/etcd/methods.ts';
import { type Case, compareCases, startBoth, stopBoth } from './sides.ts';

const { campaign, leader, proclaim, resign } = electionMethods;
const { lock, unlock } = lockMethods;
const { leaseGrant } = leaseMethods;
const { range } = kvMethods;
const negative = 2n ** 64n - 5n;
const all = { key: '\0', range_end: '\0' };

const locks: readonly Case[] = [
  { what: 'of the locks', method: leaseGrant, request: { ID: 77n, TTL: 600 } },
  { what: 'nothing', method: unlock, request: {} },
  { what: 'unknown', method: unlock, request: { key: 'nope' } },
  { what: 'unknown lease', method: lock, request: { name: 'a', lease: 123n } },
  { what: 'negative lease', method: lock, request: { name: 'a', lease: negative } },
  { what: 'no name, unknown lease', method: lock, request: { lease: 123n } },
  { what: 'no name', method: lock, request: { lease: 77n } },
  { what: 'no name, again', method: lock, request: { lease: 77n } },
  { what: 'a name of any bytes', method: lock, request: '0a03ff00fe104d' },
  { what: 'a name with a slash', method: lock, request: { name: 'a/b/', lease: 77n } },
  { what: 'no name, no lease, another line', method: lock, request: { name: 'own' } },
  { what: 'what is no lock', method: unlock, request: { key: '/4d' } },
  { what: 'a lock', method: unlock, request: { key: 'a/b//4d' } },
  { what: 'a lock, again', method: unlock, request: { key: 'a/b//4d' } },
  { what: 'what was left', method: range, request: { ...all, keys_only: true } },
];

const me = { name: 'e', key: 'e/4d', lease: 77n };
const elections: readonly Case[] = [
  { what: 'of the candidate', method: leaseGrant, request: { ID: 77n, TTL: 600 } },
  { what: 'no name', method: leader, request: {} },
  { what: 'nobody won', method: leader, request: { name: 'e' } },
  { what: 'no leader', method: proclaim, request: {} },
  { what: 'no leader', method: resign, request: {} },
  { what: 'an empty leader', method: proclaim, request: { leader: {}, value: 'v' } },
  { what: 'an empty leader with a lease', method: proclaim, request: { leader: { lease: 77n }, value: 'v' } },
  { what: 'an empty leader', method: resign, request: { leader: {} } },
  { what: 'an empty leader with a lease', method: resign, request: { leader: { lease: 77n } } },
  { what: 'unknown lease', method: campaign, request: { name: 'e', lease: 123n } },
  { what: 'negative lease', method: campaign, request: { name: 'e', lease: negative } },
  { what: 'no name, unknown lease', method: campaign, request: { lease: 123n } },
  { what: 'before any campaign', method: proclaim, request: { leader: { ...me, rev: 5 }, value: 'v' } },
  {
    what: 'revision 0 of no key',
    method: proclaim,
    request: { leader: { ...me, key: 'e/none', rev: 0 }, value: 'v' },
  },
  { what: 'before any campaign', method: resign, request: { leader: { ...me, rev: 5 } } },
  { what: 'no name', method: campaign, request: { lease: 77n, value: 'v' } },
  { what: 'no name, won', method: leader, request: {} },
  { what: 'wins', method: campaign, request: { name: 'f', lease: 77n, value: 'v' } },
  { what: 'again', method: campaign, request: { name: 'f', lease: 77n, value: 'v' } },
  { what: 'again, with another value', method: campaign, request: { name: 'f', lease: 77n, value: 'w' } },
  { what: 'won', method: leader, request: { name: 'f' } },
  {
    what: 'a wrong revision',
    method: proclaim,
    request: { leader: { name: 'f', key: 'f/4d', rev: 1, lease: 77n } },
  },
  {
    what: 'a negative revision',
    method: proclaim,
    request: { leader: { name: 'f', key: 'f/4d', rev: -1, lease: 77n } },
  },
  {
    what: 'a wrong key',
    method: proclaim,
    request: { leader: { name: 'f', key: 'f/4e', rev: 4, lease: 77n } },
  },
  {
    what: 'an unknown lease',
    method: proclaim,
    request: { leader: { name: 'f', key: 'f/4d', rev: 4, lease: 5n } },
  },
  {
    what: 'a wrong revision',
    method: resign,
    request: { leader: { name: 'f', key: 'f/4d', rev: 1, lease: 77n } },
  },
  {
    what: 'a wrong key',
    method: resign,
    request: { leader: { name: 'f', key: 'f/4e', rev: 4, lease: 77n } },
  },
  {
    what: 'an unknown lease',
    method: resign,
    request: { leader: { name: 'f', key: 'f/none', rev: 4, lease: 5n } },
  },
  { what: 'what was left', method: range, request: { ...all, keys_only: true } },
];

for (const [name, cases] of Object.entries({ locks, elections }))
  test(`${name} asked for in odd ways`, async (t) => {
    const both = await startBoth(t);
    if (both === null) return t.pass();
    await compareCases(t, both, cases);
  });

test.after.always(stopBoth);
