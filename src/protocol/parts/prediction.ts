import { byteString, bytesOf, emptyBytes } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { clusterTimeMs, revision } from '../../foundation/ids.ts';
import {
  type AbsentPrediction,
  type AgedPrediction,
  defaultPredictPolicy,
  type PredictedField,
  type Prediction,
  type PredictionOrigin,
  type PredictPolicy,
  predictableSpaces,
  predictionOrigins,
  type SealedPrediction,
  type WhyAbsent,
  whysAbsent,
} from '../../ports/prediction.ts';
import { malformed, WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

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
  return prediction.key.length + contentBound(prediction) + 48;
}

export function sealedBound({ key, content }: SealedPrediction): number {
  return key.length + content.length + 32;
}

function contentBound({ value, model, fields }: Prediction): number {
  return fields.reduce(
    (bound, { pointer }) => bound + pointer.length * 3 + 40,
    value.length + model.length * 3 + 80,
  );
}

const sealed = new WeakMap<Prediction, SealedPrediction>();

/** The prediction for the log. Made once an object: whoever must be quick later asks before. */
export function sealPrediction(prediction: Prediction): SealedPrediction {
  const known = sealed.get(prediction);
  if (known !== undefined) return known;
  const { space, key, madeFrom, validUntilMs } = prediction;
  const writer = new WireWriter(contentBound(prediction));
  writeContent(writer, prediction);
  const made = { space, key, madeFrom, validUntilMs, content: byteString(writer.finish()) };
  sealed.set(prediction, made);
  return made;
}

/** Null: the content is of a version that this one cannot read. */
export function openPrediction(of: SealedPrediction): Prediction | null {
  const { space, key, madeFrom, validUntilMs, content } = of;
  try {
    const reader = new WireReader(bytesOf(content));
    return { space, key, madeFrom, validUntilMs, ...readContent(reader) };
  } catch (error) {
    if (error instanceof TanistError) return null;
    throw error;
  }
}

export function writeSealed(writer: WireWriter, field: number, prediction: SealedPrediction): void {
  const mark = writer.begin(field, 128);
  writeHead(writer, prediction);
  writer.bytes(5, prediction.content);
  writer.end(mark);
}

function writePrediction(writer: WireWriter, field: number, prediction: Prediction): void {
  const mark = writer.begin(field, 128);
  writeHead(writer, prediction);
  const inner = writer.begin(5, 128);
  writeContent(writer, prediction);
  writer.end(inner);
  writer.end(mark);
}

function writeHead(writer: WireWriter, prediction: Omit<SealedPrediction, 'content'>): void {
  writer.uint(1, predictableSpaces.indexOf(prediction.space));
  writer.bytes(2, prediction.key);
  writer.uint(3, prediction.madeFrom);
  writer.uint(4, prediction.validUntilMs);
}

function writeContent(writer: WireWriter, prediction: Prediction): void {
  writer.bytes(1, prediction.value);
  writer.uint(2, prediction.madeAtMs);
  writer.uint(3, prediction.forMs);
  writer.text(4, prediction.model);
  writer.double(5, prediction.confidence);
  writer.double(6, prediction.level);
  for (const predicted of prediction.fields) writeField(writer, 7, predicted);
  if (prediction.changeProbability !== null) writer.doubleAlways(8, prediction.changeProbability);
}

function writeField(writer: WireWriter, field: number, predicted: PredictedField): void {
  const mark = writer.begin(field, 48);
  writer.text(1, predicted.pointer);
  writer.double(2, predicted.mean);
  writer.double(3, predicted.lower);
  writer.double(4, predicted.upper);
  writer.end(mark);
}

/** An embedded `Prediction`; what is in its content is not looked at. */
export function readSealed(reader: WireReader): SealedPrediction {
  let space: Prediction['space'] = 'user';
  let key = emptyBytes;
  let madeFrom = 0;
  let validUntilMs = 0;
  let content = emptyBytes;
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
        madeFrom = reader.uint();
        break;
      case 4:
        validUntilMs = reader.uint();
        break;
      case 5:
        content = reader.bytes();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { space, key, madeFrom: revision(madeFrom), validUntilMs: clusterTimeMs(validUntilMs), content };
}

/** The rest of the message in hand. */
function readContent(reader: WireReader): Omit<Prediction, 'space' | 'key' | 'madeFrom' | 'validUntilMs'> {
  let value = emptyBytes;
  let madeAtMs = 0;
  let forMs = 0;
  let model = '';
  let confidence = 0;
  let level = 0;
  let changeProbability: number | null = null;
  const fields: PredictedField[] = [];
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        value = reader.bytes();
        break;
      case 2:
        madeAtMs = reader.uint();
        break;
      case 3:
        forMs = reader.uint();
        break;
      case 4:
        model = reader.text();
        break;
      case 5:
        confidence = reader.double();
        break;
      case 6:
        level = reader.double();
        break;
      case 7:
        fields.push(readField(reader));
        break;
      case 8:
        changeProbability = reader.double();
        break;
      default:
        reader.skip();
    }
  }
  const times = { madeAtMs: clusterTimeMs(madeAtMs), forMs: clusterTimeMs(forMs) };
  return { value, ...times, model, confidence, changeProbability, level, fields };
}

export function writeAgedPrediction(writer: WireWriter, field: number, aged: AgedPrediction): void {
  const mark = writer.begin(field, 128);
  writePrediction(writer, 1, aged.prediction);
  writer.double(2, aged.ageMs);
  writer.uint(3, predictionOrigins.indexOf(aged.source));
  writer.end(mark);
}

/** An embedded `AgedPrediction`. Fails with `invalid-argument` where there is no prediction in it. */
export function readAgedPrediction(reader: WireReader): AgedPrediction {
  let prediction: Prediction | null = null;
  let ageMs = 0;
  let source: PredictionOrigin = 'applied';
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        prediction = openPrediction(readSealed(reader));
        break;
      case 2:
        ageMs = reader.double();
        break;
      case 3:
        source = reader.oneOf(predictionOrigins);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  if (prediction === null) throw malformed('an aged prediction without a prediction');
  return { prediction, source, ageMs };
}

export function writeAbsentPrediction(
  writer: WireWriter,
  field: number,
  { key, why, confidence }: AbsentPrediction,
): void {
  const mark = writer.begin(field);
  writer.bytes(1, key);
  writer.uint(2, whysAbsent.indexOf(why));
  if (confidence !== null) writer.doubleAlways(3, confidence);
  writer.end(mark);
}

/** An embedded `AbsentPrediction`. */
export function readAbsentPrediction(reader: WireReader): AbsentPrediction {
  let key = emptyBytes;
  let why: WhyAbsent = 'not-asked';
  let confidence: number | null = null;
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) key = reader.bytes();
    else if (field === 2) why = reader.oneOf(whysAbsent);
    else if (field === 3) confidence = reader.double();
    else reader.skip();
  }
  reader.leave(outer);
  return { key, why, confidence };
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
