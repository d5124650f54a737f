import { emptyBytes } from '../../foundation/bytes.ts';
import { clusterTimeMs, revision } from '../../foundation/ids.ts';
import {
  type AgedPrediction,
  defaultPredictPolicy,
  type PredictedField,
  type Prediction,
  type PredictPolicy,
  predictableSpaces,
} from '../../ports/prediction.ts';
import { malformed, type WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

export function predictPolicyBound(policy: PredictPolicy | null): number {
  if (policy === null) return 0;
  return policy.fields.reduce((bound, pointer) => bound + pointer.length * 3 + 4, 64);
}

export function writePredictPolicy(writer: WireWriter, field: number, policy: PredictPolicy): void {
  const mark = writer.begin(field, 64);
  for (const pointer of policy.fields) writer.textAlways(1, pointer);
  writer.uint(2, policy.stepMs);
  writer.uintAlways(3, policy.horizon);
  writer.doubleAlways(4, policy.minConfidence);
  writer.doubleAlways(5, policy.weight);
  writer.end(mark);
}

/** What is absent has its default. */
export function readPredictPolicy(reader: WireReader): PredictPolicy {
  const fields: string[] = [];
  let { stepMs, horizon, minConfidence, weight } = defaultPredictPolicy;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        fields.push(reader.text());
        break;
      case 2:
        stepMs = reader.uint();
        break;
      case 3:
        horizon = reader.uint();
        break;
      case 4:
        minConfidence = reader.double();
        break;
      case 5:
        weight = reader.double();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { fields, stepMs, horizon, minConfidence, weight };
}

/** At least the bytes of the encoded prediction, and not many more. */
export function predictionBound(prediction: Prediction): number {
  const { key, value, model, fields } = prediction;
  return fields.reduce(
    (bound, { pointer }) => bound + pointer.length * 3 + 40,
    key.length + value.length + model.length * 3 + 96,
  );
}

export function writePrediction(writer: WireWriter, field: number, prediction: Prediction): void {
  const mark = writer.begin(field, 128);
  writer.uint(1, predictableSpaces.indexOf(prediction.space));
  writer.bytes(2, prediction.key);
  writer.bytes(3, prediction.value);
  writer.uint(4, prediction.madeFrom);
  writer.uint(5, prediction.madeAtMs);
  writer.uint(6, prediction.forMs);
  writer.uint(7, prediction.validUntilMs);
  writer.text(8, prediction.model);
  writer.double(9, prediction.confidence);
  writer.double(10, prediction.level);
  for (const predicted of prediction.fields) writeField(writer, 11, predicted);
  writer.end(mark);
}

function writeField(writer: WireWriter, field: number, predicted: PredictedField): void {
  const mark = writer.begin(field, 48);
  writer.text(1, predicted.pointer);
  writer.double(2, predicted.mean);
  writer.double(3, predicted.lower);
  writer.double(4, predicted.upper);
  writer.end(mark);
}

/** An embedded `Prediction`. */
export function readPrediction(reader: WireReader): Prediction {
  let space: Prediction['space'] = 'user';
  let key = emptyBytes;
  let value = emptyBytes;
  let madeFrom = 0;
  let madeAtMs = 0;
  let forMs = 0;
  let validUntilMs = 0;
  let model = '';
  let confidence = 0;
  let level = 0;
  const fields: PredictedField[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        space = reader.oneOf(predictableSpaces);
        break;
      case 2:
        key = reader.bytes();
        break;
      case 3:
        value = reader.bytes();
        break;
      case 4:
        madeFrom = reader.uint();
        break;
      case 5:
        madeAtMs = reader.uint();
        break;
      case 6:
        forMs = reader.uint();
        break;
      case 7:
        validUntilMs = reader.uint();
        break;
      case 8:
        model = reader.text();
        break;
      case 9:
        confidence = reader.double();
        break;
      case 10:
        level = reader.double();
        break;
      case 11:
        fields.push(readField(reader));
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return {
    space,
    key,
    value,
    madeFrom: revision(madeFrom),
    madeAtMs: clusterTimeMs(madeAtMs),
    forMs: clusterTimeMs(forMs),
    validUntilMs: clusterTimeMs(validUntilMs),
    model,
    confidence,
    level,
    fields,
  };
}

export function writeAgedPrediction(writer: WireWriter, field: number, aged: AgedPrediction): void {
  const mark = writer.begin(field, 128);
  writePrediction(writer, 1, aged.prediction);
  writer.double(2, aged.ageMs);
  writer.end(mark);
}

/** An embedded `AgedPrediction`. Fails with `invalid-argument` where there is no prediction in it. */
export function readAgedPrediction(reader: WireReader): AgedPrediction {
  let prediction: Prediction | null = null;
  let ageMs = 0;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        prediction = readPrediction(reader);
        break;
      case 2:
        ageMs = reader.double();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  if (prediction === null) throw malformed('an aged prediction without a prediction');
  return { prediction, ageMs };
}

function readField(reader: WireReader): PredictedField {
  let pointer = '';
  let mean = 0;
  let lower = 0;
  let upper = 0;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        pointer = reader.text();
        break;
      case 2:
        mean = reader.double();
        break;
      case 3:
        lower = reader.double();
        break;
      case 4:
        upper = reader.double();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { pointer, mean, lower, upper };
}
