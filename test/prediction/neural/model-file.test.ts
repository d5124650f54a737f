import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import { networkSize } from '../../../src/prediction/neural/features/window.ts';
import type { Model } from '../../../src/prediction/neural/model.ts';
import {
  decodeModelFile,
  encodeModelFile,
  loadModel,
  modelHash,
} from '../../../src/prediction/neural/model-file.ts';
import { initialWeights } from '../../../src/prediction/neural/network.ts';

const size = networkSize(4, 5);
const model: Model = {
  name: 'small',
  version: 3,
  size,
  weights: initialWeights(size, seededRandom('file')),
  statistics: { seed: 'file', from: null, steps: 0, series: 0, values: 0, heldOut: null },
};
const bytes = Buffer.from(encodeModelFile(model));

/** With a change that a checksum made afterwards covers up. */
function resealed(change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes);
  change(copy);
  createHash('sha256')
    .update(copy.subarray(0, -32))
    .digest()
    .copy(copy, copy.length - 32);
  return copy;
}

test('what is written is read, and the hash tells models apart', (t) => {
  t.deepEqual(decodeModelFile(bytes), model);
  t.deepEqual(encodeModelFile(model), encodeModelFile(model));
  const other = { ...model, weights: model.weights.map((weight) => weight + 1) };
  t.not(modelHash(model), modelHash(other));
  t.regex(modelHash(model), /^[0-9a-f]{64}$/);
});

test('every truncation and every flipped bit is found', (t) => {
  for (let length = 0; length < bytes.length; length += 97)
    t.throws(() => decodeModelFile(bytes.subarray(0, length)), { code: 'model-damaged' });
  for (let index = 0; index < bytes.length; index += 61) {
    const copy = Buffer.from(bytes);
    copy[index]! ^= 0x10;
    t.throws(() => decodeModelFile(copy), {
      code: index >= 8 && index < 12 ? 'model-version' : 'model-damaged',
    });
  }
});

test('another version is named', (t) => {
  const error = t.throws(() => decodeModelFile(resealed((copy) => copy.writeUInt32LE(9, 8))));
  t.like(error, { code: 'model-version', message: 'the model has format 9, this version reads 1' });
});

test('weights that are no numbers are refused', (t) => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const spoilt = resealed((copy) => copy.writeFloatLE(value, copy.length - 32 - 40));
    t.throws(() => decodeModelFile(spoilt), { code: 'model-invalid', message: /no finite number/ });
  }
});

test('sizes that do not fit are refused', (t) => {
  const wider = encodeModelFile({ ...model, size: { ...size, hidden: 5 } });
  t.throws(() => decodeModelFile(wider), { code: 'model-invalid', message: /weights for a network/ });
  const otherFeatures = encodeModelFile({ ...model, size: { ...size, features: size.features + 1 } });
  t.throws(() => decodeModelFile(otherFeatures), {
    code: 'model-invalid',
    message: /where the features have/,
  });
  const noText = resealed((copy) => copy.fill(0x20, 16, 60));
  t.throws(() => decodeModelFile(noText), { code: 'model-invalid' });
  const longText = resealed((copy) => copy.writeUInt32LE(bytes.length, 12));
  t.throws(() => decodeModelFile(longText), { code: 'model-damaged' });
});

test('a file that is not there, or no model, is named with its path', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-model-'));
  const path = join(folder, 'some.model');
  const missing = await t.throwsAsync(loadModel(path));
  t.like(missing, { code: 'model-missing', retryable: false });
  t.true(missing?.message.includes(path));
  await writeFile(path, 'a text that is long enough to be taken for a model file, but is none');
  t.like(await t.throwsAsync(loadModel(path)), { code: 'model-damaged' });
  await writeFile(path, bytes);
  t.deepEqual(await loadModel(path), model);
  await rm(folder, { recursive: true });
});
