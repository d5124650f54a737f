import test from 'ava';
import { nodeId } from '../../../src/foundation/ids.ts';
import type { MemberRequest } from '../../../src/ports/membership.ts';
import { decodeBackupChunk, encodeBackupChunk } from '../../../src/protocol/operations/backup.ts';
import {
  decodeChangeMember,
  decodeMembersReply,
  encodeChangeMember,
  encodeMembersReply,
} from '../../../src/protocol/operations/membership.ts';
import { generatedBytes, generatedView } from '../generated.ts';

const facts = {
  id: nodeId('a'),
  name: 'a',
  peer: 'h:1,h:2',
  client: 'h:3',
  http: 'h:4',
  tier: 'hot',
  labels: { zone: 'x', rack: '' },
};

test('members', (t) => {
  const plain = { clusterId: 'c', members: [{ ...facts, voter: true, learner: false }] };
  const reply = decodeMembersReply(generatedBytes('MembersReply', plain));
  t.deepEqual(reply as object, plain);
  t.deepEqual(
    generatedView('MembersReply', encodeMembersReply(reply)),
    generatedView('MembersReply', generatedBytes('MembersReply', plain)),
  );
});

test('changes of members', (t) => {
  const requests: readonly MemberRequest[] = [
    { kind: 'add', facts, voter: true },
    { kind: 'add', facts: { ...facts, labels: {} }, voter: false },
    { kind: 'promote', id: facts.id },
    { kind: 'remove', id: facts.id },
    { kind: 'update', id: facts.id, facts: { peer: 'h:9' } },
    { kind: 'update', id: facts.id, facts: { client: 'h:9', http: 'h:8', labels: { a: 'b' } } },
  ];
  for (const request of requests) t.deepEqual(decodeChangeMember(encodeChangeMember(request)), request);
  const generated = generatedBytes('ChangeMemberRequest', { kind: 'REMOVE', member: { id: 'a' } });
  t.deepEqual(decodeChangeMember(generated), { kind: 'remove', id: nodeId('a') });
  t.throws(() => decodeChangeMember(Buffer.from([0x08, 0x63])), { code: 'invalid-argument' } as never);
});

test('pieces of a backup', (t) => {
  const chunk = { data: Buffer.from('abc'), totalBytes: 2 ** 40 };
  const { data, totalBytes } = decodeBackupChunk(encodeBackupChunk(chunk));
  t.deepEqual([Buffer.from(data), totalBytes], [chunk.data, chunk.totalBytes]);
});
