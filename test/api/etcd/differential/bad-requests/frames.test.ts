import { gzipSync } from 'node:zlib';
import test from 'ava';
import { encodeMessage } from '../../../../../src/protocol/etcd/codec.ts';
import {
  electionMethods,
  kvMethods,
  lockMethods,
  maintenanceMethods,
} from '../../../../../src/protocol/etcd/methods.ts';
import { callRaw, framed, openSession, type RawCall } from '../../raw-http2.ts';
import { compareFound, type Differs, type Found, startBoth, stopBoth } from './sides.ts';

interface Case extends RawCall {
  readonly what: string;
  readonly differs?: Differs;
}

const byGrpcJs = 'grpc-js has an answer of its own';
const deadlines =
  'a deadline is kept by the client; calls that may wait for long are served by grpc-js, which keeps it, too';
const decompresses = 'gzip is understood, and what is not compressed needs no encoding';
const groups = 'groups are not known';

const put = kvMethods.put.path;
const fine = encodeMessage(kvMethods.put.request, { key: 'a' as never, value: 'b' as never });
const nothing = Buffer.alloc(0);

/** grpc-js reads the headers of what the fast path does not take. */
const headers: readonly Case[] = [
  { what: 'fine', path: put, body: framed(fine) },
  {
    what: 'with proto',
    path: put,
    headers: { 'content-type': 'application/grpc+proto' },
    body: framed(fine),
  },
  { what: 'with json', path: put, headers: { 'content-type': 'application/grpc+json' }, body: framed(fine) },
  {
    what: 'with parameters',
    path: put,
    headers: { 'content-type': 'application/grpc;a=b' },
    body: framed(fine),
  },
  {
    what: 'grpc-web',
    path: put,
    headers: { 'content-type': 'application/grpc-web' },
    body: framed(fine),
    differs: ['200 0 answered', byGrpcJs],
  },
  {
    what: 'in capitals',
    path: put,
    headers: { 'content-type': 'Application/GRPC' },
    body: framed(fine),
    differs: ['415', byGrpcJs],
  },
  {
    what: 'plain text',
    path: put,
    headers: { 'content-type': 'text/plain' },
    body: framed(fine),
    differs: ['415', byGrpcJs],
  },
  {
    what: 'JSON',
    path: put,
    headers: { 'content-type': 'application/json' },
    body: framed(fine),
    differs: ['415', byGrpcJs],
  },
  {
    what: 'no content type',
    path: put,
    headers: { 'content-type': undefined },
    body: framed(fine),
    differs: ['415', byGrpcJs],
  },
  { what: 'PUT', path: put, headers: { ':method': 'PUT' }, body: framed(fine) },
  { what: 'no te', path: put, headers: { te: undefined }, body: framed(fine) },
  {
    what: 'timeout of letters',
    path: put,
    headers: { 'grpc-timeout': 'abc' },
    body: framed(fine),
    differs: ['200 0 answered', deadlines],
  },
  {
    what: 'timeout without unit',
    path: put,
    headers: { 'grpc-timeout': '10' },
    body: framed(fine),
    differs: ['200 0 answered', deadlines],
  },
  {
    what: 'timeout too long',
    path: put,
    headers: { 'grpc-timeout': '123456789012S' },
    body: framed(fine),
    differs: ['200 0 answered', deadlines],
  },
  {
    what: 'negative timeout',
    path: put,
    headers: { 'grpc-timeout': '-1S' },
    body: framed(fine),
    differs: ['200 0 answered', deadlines],
  },
  {
    what: 'timeout of 0',
    path: put,
    headers: { 'grpc-timeout': '0S' },
    body: framed(fine),
    differs: ['200 0 answered', deadlines],
  },
  { what: 'wrong base64', path: put, headers: { 'x-bin': '!!' }, body: framed(fine) },
  {
    what: 'unknown encoding',
    path: put,
    headers: { 'grpc-encoding': 'zip' },
    body: framed(fine),
    differs: ['200 0 answered', decompresses],
  },
  {
    what: 'unknown encoding, compressed',
    path: put,
    headers: { 'grpc-encoding': 'zip' },
    body: framed(fine, 1),
  },
  { what: 'unknown method', path: '/etcdserverpb.KV/Nothing', body: framed(fine) },
  { what: 'unknown service', path: '/etcdserverpb.Nothing/Put', body: framed(fine) },
  { what: 'no slash', path: 'nothing', body: framed(fine), differs: ['reset 1', byGrpcJs] },
  { what: 'one slash', path: '/nothing', body: framed(fine), differs: ['200 12', byGrpcJs] },
  { what: 'root', path: '/', body: framed(fine), differs: ['200 12', byGrpcJs] },
  { what: 'trailing slash', path: '/etcdserverpb.KV/Put/', body: framed(fine) },
  { what: 'letters of another case', path: '/etcdserverpb.KV/put', body: framed(fine) },
];

const unmarshalling = 'grpc: error unmarshalling request:';
/** `valid`: the answer to an empty message. */
const bodies = (path: string, valid: string): readonly Case[] => [
  { what: 'no body', path },
  { what: 'half a head', path, body: Buffer.alloc(3) },
  { what: 'a head alone', path, body: framed(nothing, 0, 7) },
  { what: 'a length beyond the body', path, body: framed(fine, 0, 100) },
  {
    what: 'two messages',
    path,
    body: Buffer.concat([framed(nothing), framed(nothing)]),
    differs: ['200 13 a unary call takes one message', 'one message is one message'],
  },
  { what: 'compressed without encoding', path, body: framed(gzipSync(fine), 1) },
  { what: 'compressed with identity', path, headers: { 'grpc-encoding': 'identity' }, body: framed(fine, 1) },
  { what: 'flag 2', path, body: framed(fine, 2) },
  { what: 'flag 255', path, body: framed(fine, 255) },
  { what: 'a length of 4 GiB', path, body: framed(fine, 0, 2 ** 32 - 1) },
  { what: 'a cut varint', path, body: framed(Buffer.from('0aff', 'hex')) },
  { what: 'a wrong wire type', path, body: framed(Buffer.from('0801', 'hex')) },
  { what: 'field 0', path, body: framed(Buffer.from('0201', 'hex')) },
  {
    what: 'a group',
    path,
    body: framed(Buffer.from('fb3ffc3f', 'hex')),
    differs: [`200 13 ${unmarshalling}`, groups],
  },
  { what: 'a group without end', path, body: framed(Buffer.from('fb3f', 'hex')) },
  { what: 'the end of a group', path, body: framed(Buffer.from('fc3f', 'hex')) },
  { what: 'wire type 6', path, body: framed(Buffer.from('fe3f', 'hex')) },
  {
    what: 'a field number of 33 bits',
    path,
    body: framed(Buffer.from('8080808080010a', 'hex')),
    differs: [valid, 'it is an unknown field'],
  },
  { what: 'a varint of 11 bytes', path, body: framed(Buffer.from('f83fffffffffffffffffffff01', 'hex')) },
  { what: 'a negative length', path, body: framed(Buffer.from('0affffffffffffffffff01', 'hex')) },
];

const tables: Readonly<Record<string, readonly Case[]>> = {
  headers,
  'a unary call': bodies(maintenanceMethods.status.path, '200 0 answered'),
  'a lock': bodies(lockMethods.unlock.path, '200 2 etcdserver: key is not provided'),
  'an election': bodies(electionMethods.leader.path, '200 2 election: no leader'),
};

/** Without grpc-js's own words for what it does not serve, what is wrong with a message, and the limit. */
function common(answer: string): string {
  return answer
    .replace(/^200 12 .*/, '200 12')
    .replace(/^200 0 OK/, '200 0')
    .replace(/(error unmarshalling request:).*/, '$1')
    .replace(/ vs\. \d+/, '')
    .replaceAll(/ +/g, ' ')
    .trim();
}

test('bytes that are no calls', async (t) => {
  t.timeout(60_000);
  const both = await startBoth(t);
  if (both === null) return t.pass();
  const found: Found[] = [];
  for (const [table, cases] of Object.entries(tables))
    for (const { what, differs, ...call } of cases) {
      const [ours, theirs] = await Promise.all(
        both.map(async ({ endpoint }) => {
          // A connection each: some of them end it.
          const session = openSession(endpoint);
          const late = new Promise<string>((resolve) => setTimeout(resolve, 1500, 'nothing yet').unref());
          const answer = common(await Promise.race([callRaw(session, call), late]));
          session.destroy();
          return answer;
        }),
      );
      found.push({ what: `${table}: ${what}`, ours: ours!, theirs: theirs!, differs });
    }
  compareFound(t, found);
});

test.after.always(stopBoth);
