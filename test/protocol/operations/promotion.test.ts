import test from 'ava';
import type { ByteString } from '../../../src/foundation/bytes.ts';
import { nodeId, revision } from '../../../src/foundation/ids.ts';
import type { Fork } from '../../../src/ports/lineage.ts';
import type { MemberInfo } from '../../../src/ports/membership.ts';
import {
  decodeForcePromote,
  decodeImageChunk,
  decodeImageRequest,
  decodeLineage,
  encodeForcePromote,
  encodeImageChunk,
  encodeImageRequest,
  encodeLineage,
  type MemberLineage,
} from '../../../src/protocol/operations/promotion.ts';
import { WireWriter } from '../../../src/protocol/parts/wire-writer.ts';

const revisions = { user: revision(5), planes: revision(1), system: revision(2), predicted: revision(1) };
const fork: Fork = {
  from: { clusterId: 'c', epoch: 1 },
  to: { clusterId: 'c+00000001', epoch: 2 },
  revisions,
  ranges: [],
  promoted: nodeId('w'),
  timeMs: 7,
};
const member: MemberInfo = {
  id: nodeId('w'),
  name: 'w',
  peer: 'w:1',
  client: 'w:2',
  http: '',
  tier: 'warm',
  labels: { zone: 'a' },
  voter: false,
  learner: true,
  wanted: 'hot',
  replaces: nodeId('h'),
};
const said: MemberLineage = {
  id: nodeId('h'),
  lineage: { clusterId: 'c+00000001', epoch: 2 },
  tier: 'hot',
  leader: nodeId('h'),
  voters: [nodeId('h')],
  applied: 1e9 + 3,
  revision: 1e9 + 9,
  members: [member],
  forks: [fork],
};

test('what a member says of itself, with changes of tier under way and forks', (t) => {
  t.deepEqual(decodeLineage(encodeLineage(said)), said);
  const warm = { ...said, leader: null, voters: [], members: [], forks: [] };
  t.deepEqual(decodeLineage(encodeLineage(warm)), warm);
  for (const quorum of ['seen', 'gone'] as const)
    t.is(decodeLineage(encodeLineage({ ...warm, quorum })).quorum, quorum);
});

test('who asks for an image says what it holds, or nothing', (t) => {
  const id = nodeId('w');
  const ranges = [{ space: 'user', key: 'a' as ByteString, rangeEnd: 'b' as ByteString }] as const;
  for (const held of [null, { lineage: said.lineage, revisions, ranges }])
    t.deepEqual(decodeImageRequest(encodeImageRequest(id, held)), { id, held });
});

test('a fork that cannot be read is refused', (t) => {
  const writer = new WireWriter(16);
  writer.textAlways(10, '{');
  t.throws(() => decodeLineage(writer.finish()), { code: 'invalid-argument' } as never);
});

test('pieces of an image, and what is asked', (t) => {
  const chunk = { from: nodeId('h'), lineage: said.lineage, sizeBytes: 9, data: Buffer.alloc(0) };
  t.deepEqual(decodeImageChunk(encodeImageChunk(chunk)), { ...chunk, data: new Uint8Array(0) });
  const data = decodeImageChunk(encodeImageChunk({ ...chunk, data: Buffer.from('abc') })).data;
  t.is(Buffer.from(data).toString(), 'abc');
  t.true(decodeForcePromote(encodeForcePromote(true)));
  t.false(decodeForcePromote(encodeForcePromote(false)));
});
