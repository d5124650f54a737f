import { type ByteString, byteStringOfText, textOf } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { clusterTimeMs, revision } from '../../foundation/ids.ts';
import type { PredictableSpace, Prediction } from '../../ports/prediction.ts';

/** Keys of the space `predicted` by the space that they are about. */
const prefixOf: Readonly<Record<PredictableSpace, string>> = { user: 'u/', planes: 'p/' };

export function predictedKey(space: PredictableSpace, key: ByteString): ByteString {
  return (prefixOf[space] + key) as ByteString;
}

/** value, madeFrom, madeAtMs, forMs, validUntilMs, model, confidence, level, then of each field pointer, mean, lower, upper. */
type Stored = [string, number, number, number, number, string, number, number, ...(string | number)[]];
const headLength = 8;
const fieldLength = 4;

/**
 * What the space `predicted` holds under the key: JSON, since equal predictions then have equal bytes on every replica. The value's bytes are in it
 * one character each; names are UTF-8 as bytes before they go in, so that all of it is bytes.
 */
export function storedPrediction(prediction: Prediction): ByteString {
  const { value, madeFrom, madeAtMs, forMs, validUntilMs, model, confidence, level, fields } = prediction;
  const name = byteStringOfText(model);
  const stored: Stored = [value, madeFrom, madeAtMs, forMs, validUntilMs, name, confidence, level];
  for (const { pointer, mean, lower, upper } of fields)
    stored.push(byteStringOfText(pointer), mean, lower, upper);
  return JSON.stringify(stored) as ByteString;
}

/** Fails with `data-damaged` on what is no stored prediction. */
export function predictionOf(key: ByteString, stored: ByteString): Prediction {
  const space = key.startsWith(prefixOf.user) ? 'user' : 'planes';
  const [value, madeFrom, madeAtMs, forMs, validUntilMs, model, confidence, level, ...rest] = parsed(stored);
  const fields = [];
  for (let at = 0; at < rest.length; at += fieldLength)
    fields.push({
      pointer: textOf(String(rest[at]) as ByteString),
      mean: Number(rest[at + 1]),
      lower: Number(rest[at + 2]),
      upper: Number(rest[at + 3]),
    });
  return {
    space,
    key: key.slice(prefixOf[space].length) as ByteString,
    value: value as ByteString,
    madeFrom: revision(madeFrom),
    madeAtMs: clusterTimeMs(madeAtMs),
    forMs: clusterTimeMs(forMs),
    validUntilMs: clusterTimeMs(validUntilMs),
    model: textOf(model as ByteString),
    confidence,
    level,
    fields,
  };
}

function parsed(stored: ByteString): Stored {
  try {
    const values: unknown = JSON.parse(stored);
    if (Array.isArray(values) && (values.length - headLength) % fieldLength === 0 && hasHead(values))
      return values;
  } catch {
    // Said below.
  }
  throw new TanistError(
    'data-damaged',
    'a stored prediction cannot be read; rebuild this node from its peers',
  );
}

function hasHead(values: readonly unknown[]): values is Stored {
  return values
    .slice(0, headLength)
    .every((value, at) => typeof value === (at === 0 || at === 5 ? 'string' : 'number'));
}
