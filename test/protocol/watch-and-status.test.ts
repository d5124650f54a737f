import test from 'ava';
import fc from 'fast-check';
import { byteStringOfText, bytesOf } from '../../src/foundation/bytes.ts';
import { clusterTimeMs, leaseId, nodeId } from '../../src/foundation/ids.ts';
import type { StateDelta } from '../../src/ports/delta.ts';
import {
  decodeKeepAliveReply,
  decodeKeepAliveRequest,
  decodeLeasesReply,
  decodeLeasesRequest,
  decodePoliciesReply,
  decodeTransferReply,
  decodeTransferRequest,
  encodeKeepAliveReply,
  encodeKeepAliveRequest,
  encodeLeasesReply,
  encodeLeasesRequest,
  encodePoliciesReply,
  encodeTransferReply,
  encodeTransferRequest,
} from '../../src/protocol/operations/administration.ts';
import { decodeStatus, encodeStatus } from '../../src/protocol/status/status.ts';
import {
  decodeWatchReply,
  decodeWatchRequest,
  encodeWatchReply,
  encodeWatchRequest,
} from '../../src/protocol/watch.ts';
import * as arbitrary from './arbitraries.ts';
import { generatedBytes, generatedView } from './generated.ts';
import { plainKeyValue } from './generated-form.ts';

const delta: fc.Arbitrary<StateDelta> = fc.record<StateDelta>({
  epoch: fc.constant(0),
  revision: arbitrary.number,
  sub: fc.constant(0),
  timeMs: fc.constant(clusterTimeMs(0)),
  space: arbitrary.space,
  op: fc.constantFrom('put', 'delete'),
  key: arbitrary.bytes,
  value: arbitrary.bytes,
  lease: arbitrary.lease,
  createRevision: arbitrary.number,
  version: arbitrary.safe,
  previous: fc.option(arbitrary.keyValue, { nil: null }),
});
const keyValueOf = (d: StateDelta) => ({
  key: d.key,
  value: d.value,
  createRevision: d.createRevision,
  modRevision: d.revision,
  version: d.version,
  lease: d.lease,
});

test('watch replies', (t) => {
  fc.assert(
    fc.property(fc.array(delta, { maxLength: 4 }), arbitrary.number, fc.boolean(), (deltas, at, previous) => {
      const events = deltas.map((d) => ({ delta: d, previous: previous ? (d.previous ?? null) : null }));
      const bytes = encodeWatchReply({ id: 5, revision: at, events, failure: null, created: true });
      const plain = {
        id: '5',
        revision: String(at),
        created: true,
        events: deltas.map((d) => ({
          type: d.op === 'put' ? 'PUT' : 'DELETE',
          keyValue: plainKeyValue(keyValueOf(d)),
          ...(previous && d.previous ? { previous: plainKeyValue(d.previous) } : {}),
        })),
      };
      t.deepEqual(
        generatedView('WatchReply', bytes),
        generatedView('WatchReply', generatedBytes('WatchReply', plain)),
      );
      const reply = decodeWatchReply(bytes);
      t.deepEqual([reply.id, reply.revision, reply.created, reply.failure], [5, at, true, null]);
      for (const [i, event] of reply.events.entries()) {
        const d = deltas[i]!;
        t.is(event.type, d.op);
        t.deepEqual(event.keyValue, { ...keyValueOf(d), key: bytesOf(d.key), value: bytesOf(d.value) });
        t.is(event.previous === undefined, !(previous && d.previous));
      }
      t.is(reply.events.length, deltas.length);
    }),
  );
});

test('watch requests', (t) => {
  const create = fc.record({
    kind: fc.constant('create' as const),
    id: arbitrary.safe,
    space: arbitrary.space,
    key: arbitrary.bytes,
    rangeEnd: arbitrary.bytes,
    fromRevision: arbitrary.number,
    previous: fc.boolean(),
  });
  const cancel = fc.record({ kind: fc.constant('cancel' as const), id: arbitrary.safe });
  const progress = fc.record({ kind: fc.constant('progress' as const), id: arbitrary.safe });
  fc.assert(
    fc.property(fc.oneof(create, cancel, progress), (request) => {
      const bytes = encodeWatchRequest(request);
      t.deepEqual(decodeWatchRequest(bytes), request);
      const view = generatedView('WatchRequest', bytes) as Record<string, Record<string, unknown>>;
      t.is(view[request.kind]?.id, String(request.id));
    }),
  );
});

test('status', (t) => {
  const member = { id: nodeId('a'), clientAddress: 'h:1', peerAddress: 'h:2', httpAddress: '', tier: 'hot' };
  const plain = {
    clusterId: 'c',
    id: 'a',
    version: '1.2.3',
    leader: 'a',
    term: 4,
    commit: 10,
    applied: 9,
    clusterTimeMs: 1e12,
    members: [
      {
        member,
        role: 'leader',
        applied: 9,
        match: 10,
        lagRevisions: 1,
        lagMs: 0.5,
        score: 0.75,
        scoreTerms: [{ name: 'log', value: 1, weight: 0.5, explanation: 'caught up' }],
        health: 'healthy',
        bootCounter: 3,
        replica: {
          id: 'a',
          tier: 'hot',
          heartbeat: 'SUSPECTED',
          silentMs: 90,
          modelDivergence: 0,
          dataIntegrity: 1,
          trouble: 'old',
          networkLatencyMs: 0.25,
        },
        models: 'gru-base:f9afc5479256',
      },
    ],
    spaces: [{ space: 'PLANES', revision: 7, compacted: 2, keys: 3, digest: 'ab', digestIndex: 8 }],
    succession: ['b'],
    sessions: 1,
    leases: 2,
    alarms: [{ member: 'a', kind: 'CORRUPT' }],
  };
  const status = decodeStatus(generatedBytes('StatusReply', plain));
  t.deepEqual(status as object, {
    ...plain,
    members: plain.members.map((each) => ({ ...each, replica: { ...each.replica, heartbeat: 'suspected' } })),
    spaces: [{ ...plain.spaces[0], space: 'planes' }],
    alarms: [{ member: 'a', kind: 'corrupt' }],
    predictor: null,
  });
  t.deepEqual(
    generatedView('StatusReply', encodeStatus(status)),
    generatedView('StatusReply', generatedBytes('StatusReply', plain)),
  );
});

test('transfer, leases, policies', (t) => {
  t.is(decodeTransferRequest(encodeTransferRequest(null)), null);
  t.is(decodeTransferRequest(encodeTransferRequest(nodeId('b'))), nodeId('b'));
  const transferred = decodeTransferReply(generatedBytes('TransferReply', { leader: 'b', term: 9 }));
  t.deepEqual(transferred as object, { leader: 'b', term: 9 });
  t.deepEqual(decodeTransferReply(encodeTransferReply(transferred)), transferred);
  const asked = { id: leaseId(2n ** 64n - 1n), limit: 7, after: leaseId(9n) };
  t.deepEqual(decodeLeasesRequest(encodeLeasesRequest(asked)), asked);
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          id: arbitrary.lease,
          ttlMs: arbitrary.safe,
          remainingMs: arbitrary.safe,
          keys: fc.array(arbitrary.bytes, { maxLength: 3 }),
        }),
        { maxLength: 3 },
      ),
      fc.boolean(),
      (leases, more) => {
        const bytes = encodeLeasesReply({ leases, more });
        t.deepEqual(decodeLeasesReply(bytes), { leases, more });
        const plain = leases.map((l) => ({
          id: String(l.id),
          ttlMs: String(l.ttlMs),
          remainingMs: String(l.remainingMs),
          keys: l.keys.map(bytesOf),
        }));
        t.deepEqual(
          generatedView('LeasesReply', bytes),
          generatedView('LeasesReply', generatedBytes('LeasesReply', { leases: plain, more })),
        );
      },
    ),
    { numRuns: 30 },
  );
  const policies = [
    {
      prefix: fc.sample(arbitrary.bytes, 1)[0]!,
      policy: { acknowledge: 'leader' as const, tier: 'critical' as const, predict: null },
    },
    {
      prefix: byteStringOfText('load/'),
      policy: {
        acknowledge: 'quorum' as const,
        tier: 'full' as const,
        predict: { fields: ['/a', '/b~1c'], stepMs: 1000, horizon: 3, minConfidence: 0, weight: 2.5 },
      },
    },
  ];
  t.deepEqual(decodePoliciesReply(encodePoliciesReply(policies)), policies);
});

test('renewals', (t) => {
  const ids = [leaseId(1n), leaseId(2n ** 64n - 1n), leaseId(1n)];
  const request = encodeKeepAliveRequest(ids);
  t.deepEqual(decodeKeepAliveRequest(request), ids);
  t.deepEqual(
    generatedView('KeepAliveRequest', request),
    generatedView('KeepAliveRequest', generatedBytes('KeepAliveRequest', { ids: ids.map(String) })),
  );
  const ttlMs = [0, 5000, 2 ** 50];
  const reply = encodeKeepAliveReply(ttlMs);
  t.deepEqual(decodeKeepAliveReply(reply), ttlMs);
  t.deepEqual(
    generatedView('KeepAliveReply', reply),
    generatedView('KeepAliveReply', generatedBytes('KeepAliveReply', { ttlMs: ttlMs.map(String) })),
  );
});
