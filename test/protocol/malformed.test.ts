import test from 'ava';
import fc from 'fast-check';
import { TanistError } from '../../src/foundation/errors.ts';
import {
  decodeKeepAliveReply,
  decodeKeepAliveRequest,
  decodeLeasesReply,
  decodePoliciesReply,
  decodeTransferReply,
} from '../../src/protocol/operations/administration.ts';
import { decodeBlock } from '../../src/protocol/session/block.ts';
import { decodeCommandBatch } from '../../src/protocol/session/read-command.ts';
import { decodeSessionReply } from '../../src/protocol/session/session-reply.ts';
import { decodeSessionRequest } from '../../src/protocol/session/session-request.ts';
import { encodeCommandBatch } from '../../src/protocol/session/write-command.ts';
import { decodeRouting } from '../../src/protocol/status/routing.ts';
import { decodeStatus } from '../../src/protocol/status/status.ts';
import { decodeWatchReply, decodeWatchRequest } from '../../src/protocol/watch.ts';
import { batch } from './arbitraries.ts';
import { generatedBytes } from './generated.ts';

const decoders: readonly ((bytes: Uint8Array) => unknown)[] = [
  decodeCommandBatch,
  decodeBlock,
  decodeSessionRequest,
  decodeSessionReply,
  decodeWatchRequest,
  decodeWatchReply,
  decodeRouting,
  decodeStatus,
  decodeTransferReply,
  decodeKeepAliveReply,
  decodeKeepAliveRequest,
  decodeLeasesReply,
  decodePoliciesReply,
];

function decodesOrRefuses(bytes: Uint8Array): boolean {
  return decoders.every((decode) => {
    try {
      decode(bytes);
      return true;
    } catch (error) {
      return error instanceof TanistError && error.code === 'invalid-argument';
    }
  });
}

test('any bytes are read or refused as invalid-argument', (t) => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), decodesOrRefuses), { numRuns: 2000 });
  t.pass();
});

test('altered and cut batches are read or refused', (t) => {
  const altered = fc
    .tuple(batch, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
    .map(([original, changes, cut]) => {
      const bytes = Buffer.from(encodeCommandBatch(original));
      for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
      return cut % 3 === 0 ? bytes.subarray(0, cut % (bytes.length + 1)) : bytes;
    });
  fc.assert(fc.property(altered, decodesOrRefuses), { numRuns: 500 });
  t.pass();
});

const refused = { instanceOf: TanistError, code: 'invalid-argument' };

test('numbers beyond 2^53 are refused where JavaScript would round them', (t) => {
  t.throws(
    () => decodeCommandBatch(generatedBytes('CommandBatch', { session: '9007199254740992' })),
    refused,
  );
  t.throws(
    () => decodeCommandBatch(generatedBytes('CommandBatch', { session: '18446744073709551615' })),
    refused,
  );
  t.is(
    decodeCommandBatch(generatedBytes('CommandBatch', { session: '9007199254740991' })).session as number,
    Number.MAX_SAFE_INTEGER,
  );
});

test('unknown fields of every wire type are skipped', (t) => {
  const unknown = Buffer.from([
    0xf8, 0x01, 0xff, 0x7f, 0xfa, 0x01, 2, 9, 9, 0xf9, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 0xfd, 0x01, 1, 2, 3, 4,
  ]);
  const known = Buffer.from([0x08, 5]);
  t.is(decodeCommandBatch(Buffer.concat([unknown, known, unknown])).session as number, 5);
});

test('refused: a command, operation or enum value that this version does not know, a compare without target', (t) => {
  t.throws(() => decodeCommandBatch(Buffer.from([0x22, 0])), refused);
  t.throws(() => decodeCommandBatch(Buffer.from([0x22, 4, 0x0a, 2, 0x38, 9])), refused);
  t.throws(
    () => decodeCommandBatch(generatedBytes('CommandBatch', { commands: [{ txn: { success: [{}] } }] })),
    refused,
  );
  t.throws(
    () => decodeCommandBatch(generatedBytes('CommandBatch', { commands: [{ txn: { compares: [{}] } }] })),
    refused,
  );
});

test('transactions nested without end are refused', (t) => {
  let nested: Buffer = Buffer.alloc(0);
  const wrap = (field: number, inner: Buffer): Buffer => {
    const length: number[] = [];
    let rest = inner.length;
    for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
    return Buffer.concat([Buffer.from([(field << 3) | 2, ...length, rest]), inner]);
  };
  for (let depth = 0; depth < 3000; depth++) nested = wrap(2, wrap(4, nested));
  t.throws(() => decodeCommandBatch(wrap(4, wrap(3, nested))), refused);
});
