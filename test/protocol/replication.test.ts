import test from 'ava';
import { packParts, unpackParts } from '../../src/api/replication/pack-parts.ts';
import { TanistError } from '../../src/foundation/errors.ts';
import { clusterTimeMs, leaseId, logIndex, nodeId, revision } from '../../src/foundation/ids.ts';
import type { KeyRange, ReplicaReport, StreamPart } from '../../src/ports/replication.ts';
import {
  decodeFollowMessage,
  decodeOffer,
  encodeFollowMessage,
  encodeOffer,
} from '../../src/protocol/replication/follow.ts';
import { decodeParts, encodeParts } from '../../src/protocol/replication/parts.ts';
import { generatedBytes, generatedView } from './generated.ts';

const b = (text: string) => text as KeyRange['key'];
const revisions = (user: number) => ({
  user: revision(user),
  planes: revision(1),
  system: revision(2 ** 40),
  predicted: revision(0),
});
const lineage = { clusterId: 'c+0123abcd', epoch: 3 };
const range: KeyRange = { space: 'planes', key: b('a\xff'), rangeEnd: b('\0') };
const facts = {
  id: nodeId('w'),
  name: 'w',
  peer: '',
  client: 'h:1',
  http: '',
  tier: 'warm',
  labels: { zone: 'x' },
};

const parts: readonly StreamPart[] = [
  { kind: 'ranges', lineage, ranges: [range, { space: 'user', key: b('k'), rangeEnd: b('l') }] },
  { kind: 'ranges', lineage, ranges: [] },
  { kind: 'replace', range },
  {
    kind: 'values',
    space: 'system',
    values: [
      {
        key: b('k\x80'),
        value: b(''),
        createRevision: revision(2),
        modRevision: revision(2 ** 50),
        version: 7,
        lease: leaseId(2n ** 63n + 1n),
      },
    ],
  },
  {
    kind: 'deltas',
    deltas: [
      {
        epoch: 3,
        revision: revision(9),
        sub: 1,
        timeMs: clusterTimeMs(1e12),
        space: 'user',
        op: 'put',
        key: b('k'),
        value: b('v'.repeat(3000)),
        lease: leaseId(5n),
        createRevision: revision(4),
        version: 2,
      },
      {
        epoch: 3,
        revision: revision(9),
        sub: 2,
        timeMs: clusterTimeMs(1e12),
        space: 'planes',
        op: 'delete',
        key: b('gone'),
        value: b(''),
        lease: leaseId(0n),
        createRevision: revision(0),
        version: 0,
      },
    ],
  },
  {
    kind: 'leases',
    all: true,
    granted: [{ id: leaseId(2n ** 64n - 1n), ttlMs: 9000 }],
    ended: [leaseId(1n)],
  },
  { kind: 'leases', all: false, granted: [], ended: [] },
  {
    kind: 'past',
    deltas: [
      {
        epoch: 1,
        revision: revision(7),
        sub: 0,
        timeMs: clusterTimeMs(1e12),
        space: 'user',
        op: 'put',
        key: b('p'),
        value: b('1.5'),
        lease: leaseId(0n),
        createRevision: revision(7),
        version: 1,
      },
    ],
  },
  { kind: 'members', members: [{ ...facts, voter: false, learner: false } as never] },
  {
    kind: 'mark',
    index: logIndex(12),
    timeMs: clusterTimeMs(1e12 + 1),
    revisions: revisions(9),
    compacted: revisions(0),
    leaderRevisions: revisions(11),
    digests: [{ range, keys: 3, digest: '0123456789abcdef' }],
  },
];

test('parts come through as they are, also deflated', async (t) => {
  t.deepEqual(decodeParts(encodeParts(parts)), { parts, deflated: null });
  const packed = await packParts(parts);
  t.true(packed.length < 1500);
  t.deepEqual(await unpackParts(packed), parts);
  t.deepEqual(await unpackParts(await packParts(parts.slice(0, 2))), parts.slice(0, 2));
});

test('parts are those of the published format', (t) => {
  const view = generatedView('StreamParts', encodeParts(parts)) as { readonly parts: readonly object[] };
  t.is(view.parts.length, parts.length);
  const plain = {
    parts: [
      { replace: { space: 'PLANES', key: Buffer.from('a'), rangeEnd: Buffer.from('b') } },
      { mark: { index: 5, revisions: { bySpace: [1, 2] }, digests: [{ keys: 1, digest: 'd', range: {} }] } },
    ],
  };
  const bytes = generatedBytes('StreamParts', plain);
  const decoded = decodeParts(bytes).parts;
  t.like(decoded[0], { kind: 'replace', range: { space: 'planes', key: 'a', rangeEnd: 'b' } });
  t.like(decoded[1], { kind: 'mark', index: 5, revisions: { user: 1, planes: 2, system: 0 } });
  t.deepEqual(generatedView('StreamParts', encodeParts(decoded)), {
    ...generatedView('StreamParts', bytes),
    ...generatedView('StreamParts', encodeParts(decoded)),
  });
  t.throws(() => decodeParts(Buffer.from([0x0a, 0x00])), { code: 'invalid-argument' } as never);
});

test('requests, reports and offers', (t) => {
  const report: ReplicaReport = {
    id: nodeId('w'),
    tier: 'warm',
    held: { lineage, revisions: revisions(4), ranges: [range] },
    lagRevisions: 3,
    lagMs: 1.5,
    trouble: 'one',
    syncMs: 0,
    memoryUsed: 0.25,
    diskFree: 0.5,
    facts: { ...facts, id: nodeId('w1') },
    links: [{ to: nodeId('a'), roundTripMs: 0.5, bytesPerSecond: null }],
  };
  const messages = [
    { kind: 'report', report },
    { kind: 'report', report: { ...report, held: null, trouble: null } },
    { kind: 'request', request: { replica: nodeId('w'), mode: 'latest', held: report.held } },
    { kind: 'request', request: { replica: nodeId('w'), mode: 'deltas', held: null } },
  ] as const;
  for (const message of messages) t.deepEqual(decodeFollowMessage(encodeFollowMessage(message)), message);
  t.like(generatedView('FollowMessage', encodeFollowMessage(messages[2])), {
    request: { replica: 'w', mode: 'LATEST' },
  });
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from([0x12, 0x00]),
    Buffer.from([0x12, 0x03, 0x0a, 0x01, 0x7b]),
  ])
    t.throws(() => decodeFollowMessage(bytes), { code: 'invalid-argument' } as never);
  const offer = { id: nodeId('a'), followers: 2, leads: true, lineage, refusal: null };
  t.deepEqual(decodeOffer(encodeOffer(offer)), offer);
  const refused = decodeOffer(encodeOffer({ ...offer, refusal: new TanistError('starting', 'not yet') }));
  t.like(refused.refusal, { code: 'starting', message: 'not yet' });
});
