import type { RequestLimits } from '../../foundation/limits.ts';
import { limits as builtIn } from '../../foundation/limits.ts';
import {
  isPredictable,
  predictPolicyLimits as most,
  type Prediction,
  type PredictPolicy,
  type SealedPrediction,
} from '../../ports/prediction.ts';

/** RFC 6901: every reference token begins with `/`; `~` stands only in `~0` and `~1`. */
const pointerPattern = /^(?:\/(?:[^/~]|~[01])*)+$/u;

/** Of reads, writes and watches of the space `predicted` as if it were one like the others. */
export const notOfClients =
  'the space predicted is written by models and the cluster alone, and read together with what is true: get with consistency predicted';

/** What is wrong with the policy, as a sentence; null: nothing. Nothing is assumed of its types: it may come from storage. */
export function faultOfPredictPolicy(policy: PredictPolicy): string | null {
  const { fields, stepMs, horizon, minConfidence, weight } = policy;
  if (!Array.isArray(fields) || fields.length > most.fields)
    return `predict: ${most.fields} fields are allowed`;
  for (const pointer of fields) {
    const fault = faultOfPointer(pointer);
    if (fault !== null) return fault;
  }
  if (new Set(fields).size !== fields.length) return 'predict: a field is named twice';
  if (!isWithin(stepMs, 0, most.stepMs) || !Number.isInteger(stepMs))
    return `predict: a step is a whole number of ms from 0 (as measured) to ${most.stepMs}`;
  if (!isWithin(horizon, 1, most.horizon) || !Number.isInteger(horizon))
    return `predict: the horizon is a whole number of steps from 1 to ${most.horizon}`;
  if (!isWithin(minConfidence, 0, 1)) return 'predict: a confidence is a number from 0 to 1';
  if (!isWithin(weight, 0, most.weight) || weight === 0)
    return `predict: a weight is a number above 0, up to ${most.weight}`;
  return null;
}

function faultOfPointer(pointer: unknown): string | null {
  if (typeof pointer !== 'string' || !pointerPattern.test(pointer))
    return `predict: "${String(pointer)}" is no JSON pointer such as /cpu or /load/one (RFC 6901)`;
  if (pointer.length > most.pointerCharacters)
    return `predict: a JSON pointer has up to ${most.pointerCharacters} characters`;
  return null;
}

/** The same of predictions of one command: of what apply looks at. */
export function faultOfPredictions(
  predictions: readonly SealedPrediction[],
  limits: RequestLimits,
): string | null {
  if (predictions.length > builtIn.predictionsPerCommand)
    return `the command has ${predictions.length} predictions; ${builtIn.predictionsPerCommand} are allowed`;
  for (const { space, key, content, madeFrom, validUntilMs } of predictions) {
    if (!isPredictable(space)) return `a key of ${space} is not predicted`;
    if (key.length === 0 || key.length > limits.keyBytes || content.length > mostContent(limits))
      return "a prediction's key or content is too large, or the key is empty";
    if (!isCount(madeFrom) || !isCount(validUntilMs))
      return "a prediction's revision and times are whole numbers ≥ 0";
  }
  return null;
}

/** Of a prediction before it is sealed. */
export function faultOfPrediction(prediction: Prediction, limits: RequestLimits): string | null {
  const { space, key, value, madeFrom, madeAtMs, forMs, validUntilMs, fields } = prediction;
  if (!isPredictable(space)) return `a key of ${space} is not predicted`;
  if (key.length === 0 || key.length > limits.keyBytes || value.length > limits.valueBytes)
    return "a prediction's key or value is too large, or the key is empty";
  if (![madeFrom, madeAtMs, forMs, validUntilMs].every(isCount))
    return "a prediction's revision and times are whole numbers ≥ 0";
  if (prediction.model.length === 0 || prediction.model.length > modelCharacters)
    return `a prediction names its model in 1 to ${modelCharacters} characters`;
  if (!isWithin(prediction.confidence, 0, 1) || !isWithin(prediction.level, 0, 1))
    return "a prediction's confidence and level are numbers from 0 to 1";
  const { changeProbability } = prediction;
  if (changeProbability !== null && !isWithin(changeProbability, 0, 1))
    return "a prediction's probability of a change is a number from 0 to 1";
  if (fields.length === 0 || fields.length > most.fields)
    return `a prediction has 1 to ${most.fields} fields`;
  for (const { pointer, mean, lower, upper } of fields) {
    if (pointer.length > most.pointerCharacters) return "a prediction's pointer is too long";
    if (!(Number.isFinite(mean) && Number.isFinite(lower) && Number.isFinite(upper) && lower <= upper))
      return "a prediction's numbers are finite, and its intervals not reversed";
  }
  return null;
}

const modelCharacters = 128;

/** A value with everything that is said of it. */
function mostContent({ valueBytes }: RequestLimits): number {
  return valueBytes + modelCharacters * 3 + most.fields * (most.pointerCharacters * 3 + 48) + 80;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isWithin(value: unknown, least: number, greatest: number): boolean {
  return typeof value === 'number' && value >= least && value <= greatest;
}
