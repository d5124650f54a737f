import test from 'ava';
import { leaseId } from '../../src/foundation/ids.ts';
import type { AddressFacts, HeldObject, Holding, SandboxFacts } from '../../src/ports/dependency-registry.ts';
import * as codec from '../../src/protocol/dependencies.ts';
import { generatedBytes, generatedView } from './generated.ts';

const sandbox: SandboxFacts = { id: 'one', address: 'h:1', application: 'shop', zone: 'a', instance: 'i' };
const answer: AddressFacts = {
  fetchedMs: 1.5,
  freshUntilMs: 2.5,
  etag: '"e"',
  lastModified: 'yesterday',
  contentType: 'text/plain',
  contentEncoding: 'gzip',
};
const digest = 'ab'.repeat(32);
const bytes = [...Buffer.from(digest, 'hex')];
const key = { algorithm: 'url', digest } as const;
const wireKey = { algorithm: 'url', digest: bytes };
const held: HeldObject = { keys: [key], sha256: digest, size: 5_000_000_000, answer };
const wireHeld = { keys: [wireKey], sha256: bytes, size: 5_000_000_000, answer };
const holding: Holding = {
  sandbox: 'one',
  address: 'h:1',
  zone: 'a',
  state: 'held',
  sha256: digest,
  size: 7,
  answer,
};
const wireHolding = { sandbox: 'one', address: 'h:1', zone: 'a', sha256: bytes, size: 7, answer };
const fetching: Holding = { sandbox: 'two', address: 'h:2', zone: '', state: 'fetching' };
const wireFetching = { sandbox: 'two', address: 'h:2' };

/** The own codec and the generated one read each other. */
const cases: readonly [
  type: string,
  plain: object,
  own: unknown,
  encoded: Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
][] = [
  [
    'JoinSandbox',
    { sandbox, ttlMs: 9 },
    { sandbox, ttlMs: 9 },
    codec.encodeJoin({ sandbox, ttlMs: 9 }),
    codec.decodeJoin,
  ],
  [
    'JoinSandbox',
    { lease: 7, sandbox, ttlMs: 9 },
    { lease: leaseId(7n), sandbox, ttlMs: 9 },
    codec.encodeJoin({ sandbox, ttlMs: 9, lease: leaseId(7n) }),
    codec.decodeJoin,
  ],
  [
    'SandboxLease',
    { lease: 3, ttlMs: 9 },
    { lease: leaseId(3n), ttlMs: 9 },
    codec.encodeSandboxLease({ lease: leaseId(3n), ttlMs: 9 }),
    codec.decodeSandboxLease,
  ],
  ['SandboxName', { id: 'one' }, { id: 'one' }, codec.encodeSandboxName('one'), codec.decodeSandboxName],
  [
    'SandboxName',
    { id: 'one', lease: 7 },
    { id: 'one', lease: leaseId(7n) },
    codec.encodeSandboxName('one', leaseId(7n)),
    codec.decodeSandboxName,
  ],
  [
    'RegisterObjects',
    { sandbox: 'one', objects: [wireHeld], lease: 7 },
    { sandbox: 'one', objects: [held], lease: leaseId(7n) },
    codec.encodeRegister({ sandbox: 'one', objects: [held], lease: leaseId(7n) }),
    codec.decodeRegister,
  ],
  [
    'ReleaseKeys',
    { sandbox: 'one', keys: [wireKey] },
    { sandbox: 'one', keys: [key] },
    codec.encodeKeys({ sandbox: 'one', keys: [key] }),
    codec.decodeKeys,
  ],
  [
    'ClaimKey',
    { sandbox: 'one', key: wireKey, lease: 7, over: 'two' },
    { sandbox: 'one', keys: [key], lease: leaseId(7n), over: 'two' },
    codec.encodeKeys({ sandbox: 'one', keys: [key], lease: leaseId(7n), over: 'two' }),
    codec.decodeKeys,
  ],
  [
    'LookupKeys',
    { keys: [wireKey, wireKey], sandbox: 'one' },
    { sandbox: 'one', keys: [key, key] },
    codec.encodeLookup({ sandbox: 'one', keys: [key, key] }),
    codec.decodeLookup,
  ],
  [
    'Holders',
    { keys: [{ holdings: [wireHolding, wireFetching] }, { holdings: [] }] },
    [[holding, fetching], []],
    codec.encodeHolders([[holding, fetching], []]),
    codec.decodeHolders,
  ],
  [
    'ClaimReply',
    { claimed: false, holdings: [wireFetching] },
    { claimed: false, holdings: [fetching] },
    codec.encodeClaimReply({ claimed: false, holdings: [fetching] }),
    codec.decodeClaimReply,
  ],
  [
    'ClaimReply',
    { claimed: true },
    { claimed: true },
    codec.encodeClaimReply({ claimed: true }),
    codec.decodeClaimReply,
  ],
  [
    'SandboxList',
    { sandboxes: [sandbox] },
    [sandbox],
    codec.encodeSandboxes([sandbox]),
    codec.decodeSandboxes,
  ],
];

for (const [type, plain, own, encoded, decode] of cases)
  test(`${type} ${JSON.stringify(own, (_, value) => (typeof value === 'bigint' ? String(value) : value)).slice(0, 60)}`, (t) => {
    const generated = generatedBytes(type, plain);
    t.deepEqual(generatedView(type, encoded), generatedView(type, generated));
    t.deepEqual(decode(generated), own);
    t.deepEqual(decode(encoded), own);
  });

test('what is cut off or of no known algorithm is refused', (t) => {
  const whole = codec.encodeRegister({ sandbox: 'one', objects: [held] });
  for (let length = 6; length < whole.length; length += 7)
    t.throws(() => codec.decodeRegister(whole.subarray(0, length)), { code: 'invalid-argument' });
  const md5 = generatedBytes('LookupKeys', { keys: [{ algorithm: 'md5', digest: bytes }] });
  t.throws(() => codec.decodeLookup(md5), { code: 'invalid-argument' });
});
