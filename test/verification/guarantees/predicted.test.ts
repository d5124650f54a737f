import test from 'ava';
import { PredictedModel, type ProposedPrediction } from '../../../src/verification/guarantees/predicted.ts';

const guess = (
  key: string,
  madeFrom: number,
  validUntilMs = 100,
  text = `${key}@${madeFrom}`,
): ProposedPrediction => ({
  space: 'user',
  key,
  madeFrom,
  validUntilMs,
  text,
});

test('made from the present revision, and not past the last moment', (t) => {
  const model = new PredictedModel();
  model.changed('user', 'a', 2);
  model.changed('user', 'b', 3);
  model.applied(10, [guess('a', 2), guess('b', 2), guess('c', 2), guess('b', 3, 9)]);
  t.deepEqual(model.live(), ['a@2']);
  model.applied(100, []);
  t.deepEqual(model.live(), ['a@2']);
  model.applied(101, []);
  t.deepEqual(model.live(), []);
});

test('a change of the key ends it, in its own block too; of the same key the last one counts', (t) => {
  const model = new PredictedModel();
  model.changed('user', 'a', 2);
  model.changed('user', 'b', 3);
  model.changed('planes', 'a', 2);
  model.applied(10, [
    guess('a', 2, 100, 'first'),
    guess('a', 2, 100, 'second'),
    guess('a', 2, 5, 'late'),
    guess('b', 3),
  ]);
  t.deepEqual(model.live(), ['b@3', 'second']);
  model.changed('planes', 'a', 3);
  model.changed('user', 'b', null);
  model.applied(11, []);
  t.deepEqual(model.live(), ['second']);
  model.changed('user', 'a', 4);
  model.applied(12, [guess('a', 2)]);
  t.deepEqual(model.live(), []);
});
