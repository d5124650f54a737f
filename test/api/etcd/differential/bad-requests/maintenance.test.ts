import test from 'ava';
import { kvMethods, maintenanceMethods } from '../../../../../src/protocol/etcd/methods.ts';
import { type Case, compareCases, type Differs, startBoth, stopBoth } from './sides.ts';

const { alarm, defragment, downgrade, hash, hashKV, moveLeader, status } = maintenanceMethods;
const { compact, put, range } = kvMethods;
const key = 'a';

const unknownEnum = (value: number): Differs => [
  `3 malformed message: unknown enum value ${value}`,
  'values of enums are known ones; of an unknown action etcd dies',
];

const alarms: readonly Case[] = [
  { what: 'of all kinds', method: alarm, request: {} },
  { what: 'of an unknown kind', method: alarm, request: '1809', differs: unknownEnum(9) },
  { what: 'of kind -1', method: alarm, request: '18ffffffffffffffffff01', differs: unknownEnum(-1) },
  { what: 'off: none', method: alarm, request: { action: 'DEACTIVATE' } },
  { what: 'off: not on', method: alarm, request: { action: 'DEACTIVATE', alarm: 'NOSPACE' } },
  {
    what: 'off: not on, of an unknown member',
    method: alarm,
    request: { action: 'DEACTIVATE', alarm: 'CORRUPT', memberID: 5n },
  },
  {
    what: 'on: no space',
    method: alarm,
    request: ({ self }) => ({ action: 'ACTIVATE', alarm: 'NOSPACE', memberID: self.ID }),
  },
  {
    what: 'on again',
    method: alarm,
    request: ({ self }) => ({ action: 'ACTIVATE', alarm: 'NOSPACE', memberID: self.ID }),
  },
  { what: 'of one kind', method: alarm, request: { alarm: 'NOSPACE' } },
  { what: 'of the other kind', method: alarm, request: { alarm: 'CORRUPT' } },
  { what: 'without space', method: put, request: { key, value: 'x' } },
  { what: 'without space', method: status, request: {} },
  {
    what: 'off: the other',
    method: alarm,
    request: ({ self }) => ({ action: 'DEACTIVATE', alarm: 'CORRUPT', memberID: self.ID }),
  },
  { what: 'off: of member 0', method: alarm, request: { action: 'DEACTIVATE', alarm: 'NOSPACE' } },
  {
    what: 'off',
    method: alarm,
    request: ({ self }) => ({ action: 'DEACTIVATE', alarm: 'NOSPACE', memberID: self.ID }),
  },
  {
    what: 'on: corrupt',
    method: alarm,
    request: ({ self }) => ({ action: 'ACTIVATE', alarm: 'CORRUPT', memberID: self.ID }),
  },
  { what: 'corrupt', method: put, request: { key, value: 'x' } },
  { what: 'corrupt', method: range, request: { key } },
  { what: 'corrupt, serializable', method: range, request: { key, serializable: true } },
  { what: 'corrupt', method: compact, request: { revision: 1 } },
  {
    what: 'off: corrupt',
    method: alarm,
    request: ({ self }) => ({ action: 'DEACTIVATE', alarm: 'CORRUPT', memberID: self.ID }),
  },
  {
    what: 'of an unknown member',
    method: alarm,
    request: { action: 'ACTIVATE', alarm: 'NOSPACE', memberID: 5n },
    differs: ['5 etcdserver: member not found', 'only members have alarms'],
  },
];

const hashes: readonly Case[] = [
  { what: 'of nothing', method: hash, request: {} },
  ...[0, -1, -9_000_000_000, 1, 2, 3, 1_000_000, Number.MAX_SAFE_INTEGER].map(
    (revision): Case => ({ what: `${revision}, an empty store`, method: hashKV, request: { revision } }),
  ),
  ...['1', '2', '3'].map((value): Case => ({ what: value, method: put, request: { key, value } })),
  { what: '3', method: compact, request: { revision: 3, physical: true } },
  ...[0, -1, 1, 2, 4, 5].map(
    (revision): Case => ({ what: `${revision}, compacted at 3`, method: hashKV, request: { revision } }),
  ),
  {
    what: '3, compacted at 3',
    method: hashKV,
    request: { revision: 3 },
    differs: ['{"hash":"HASH","compact_revision":3}', 'as in etcd 3.5'],
  },
];

const others: readonly Case[] = [
  { what: 'as it is', method: status, request: {} },
  { what: 'unknown fields', method: status, request: 'fa3f0161' },
  { what: 'as it is', method: defragment, request: {} },
  { what: 'to nobody', method: moveLeader, request: {} },
  { what: 'unknown', method: moveLeader, request: { targetID: 5n } },
  { what: 'the highest', method: moveLeader, request: { targetID: 2n ** 64n - 1n } },
  { what: 'to itself', method: moveLeader, request: ({ self }) => ({ targetID: self.ID }) },
  {
    what: 'to this release',
    method: downgrade,
    request: { version: '3.5' },
    differs: ['3 etcdserver: invalid downgrade target version', 'a method of 3.5, which 3.4 does not have'],
  },
];

for (const [name, cases] of Object.entries({ alarms, hashes, others }))
  test(`${name} asked for in odd ways`, async (t) => {
    const both = await startBoth(t);
    if (both === null) return t.pass();
    await compareCases(t, both, cases);
  });

test.after.always(stopBoth);
