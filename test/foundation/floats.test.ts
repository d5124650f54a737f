import test from 'ava';
import { bytesOfFloats, floatsOfBytes, notFinite } from '../../src/foundation/floats.ts';

test('floats are little-endian bytes and back, of any alignment, as copies', (t) => {
  const floats = new Float32Array([0, 1, -2.5, 3e38]).subarray(1);
  const bytes = bytesOfFloats(floats);
  t.deepEqual([...bytes.subarray(0, 4)], [0, 0, 0x80, 0x3f]);
  t.is(bytes.readFloatLE(4), -2.5);
  const shifted = Buffer.concat([Buffer.from([9]), bytes]).subarray(1);
  const back = floatsOfBytes(shifted);
  t.deepEqual(back, floats.slice());
  back[0] = 7;
  t.is(shifted.readFloatLE(0), 1);
  bytes[0] = 1;
  t.is(floats[0], 1);
  t.is(floatsOfBytes(Buffer.alloc(0)).length, 0);
});

test('what is no finite number is found', (t) => {
  t.is(notFinite(new Float32Array([1, 2])), -1);
  t.is(notFinite(new Float32Array([1, Number.NaN])), 1);
  t.is(notFinite(new Float32Array([Number.NEGATIVE_INFINITY])), 0);
});
