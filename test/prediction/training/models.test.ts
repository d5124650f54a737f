import { readFile } from 'node:fs/promises';
import test from 'ava';
import {
  baseModelFile,
  encodeModelFile,
  loadModel,
  modelHash,
} from '../../../src/prediction/neural/model-file.ts';

test('the base model that comes with the project is whole, small, and the one on its card', async (t) => {
  const model = await loadModel(baseModelFile);
  t.true(encodeModelFile(model).length < 300_000);
  const card = await readFile(new URL('gru-base.md', baseModelFile), 'utf8');
  t.true(card.includes(modelHash(model)));
  t.like(model, { name: 'gru-base', version: 1 });
  t.true(model.statistics.heldOut! < 0.8);
});
