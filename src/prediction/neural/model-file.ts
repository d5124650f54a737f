import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { asBuffer } from '../../foundation/bytes.ts';
import { asError, TanistError } from '../../foundation/errors.ts';
import { bytesOfFloats, floatsOfBytes, notFinite } from '../../foundation/floats.ts';
import { networkSize } from './features/window.ts';
import { judges, type Model, provenanceKinds } from './model.ts';
import { weightCount } from './network.ts';

/**
 * A model as bytes, little-endian: magic (8 characters), format (u32), length of the text (u32), the text (JSON: everything but the
 * weights), the weights (f32), the sha256 of all before.
 */
const magic = 'TANISTNN';
/** Grows when the file, the features or the graphs change: weights say nothing to other features. */
export const modelFormat = 1;
const headBytes = 16;
const sumBytes = 32;
/** No model of this project comes near; a length beyond is not one. */
const longestText = 64 * 1024;

const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
const natural = v.pipe(v.number(), v.integer(), v.minValue(0));
const textSchema = v.object({
  name: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9.-]{0,63}$/)),
  version: positive,
  size: v.object({
    steps: positive,
    features: positive,
    hidden: v.pipe(positive, v.maxValue(512)),
    references: positive,
    facts: positive,
    inner: v.pipe(positive, v.maxValue(512)),
  }),
  statistics: v.object({
    seed: v.string(),
    from: v.nullable(v.string()),
    steps: natural,
    series: natural,
    values: natural,
    heldOut: v.nullable(v.number()),
  }),
  provenance: v.optional(
    v.object({
      kind: v.picklist(provenanceKinds),
      parent: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
      atMs: v.number(),
      samples: natural,
      contributors: natural,
      judgedBy: v.picklist(judges),
      before: v.number(),
      after: v.number(),
      judgedSeries: natural,
      reason: v.pipe(v.string(), v.maxLength(1024)),
    }),
  ),
});

export function encodeModelFile({ weights, ...rest }: Model): Uint8Array {
  const text = Buffer.from(JSON.stringify(v.parse(textSchema, rest)), 'utf8');
  const bytes = Buffer.alloc(headBytes + text.length + 4 * weights.length + sumBytes);
  bytes.latin1Write(magic, 0, magic.length);
  bytes.writeUInt32LE(modelFormat, 8);
  bytes.writeUInt32LE(text.length, 12);
  bytes.set(text, headBytes);
  bytes.set(bytesOfFloats(weights), headBytes + text.length);
  const offset = bytes.length - sumBytes;
  bytes.set(sha256(bytes.subarray(0, offset)), offset);
  return bytes;
}

/**
 * @throws `model-damaged` cut short, no model file, or a wrong checksum; `model-version` written by another version; `model-invalid`
 * sizes that do not fit together or this version's features, or weights that are no numbers. `where` is what messages call it.
 */
export function decodeModelFile(given: Uint8Array, where = 'the model'): Model {
  const bytes = asBuffer(given);
  const damaged = (why: string): TanistError =>
    new TanistError('model-damaged', `${where} ${why}; restore it, or make it anew with \`npm run train\``);
  if (bytes.length < headBytes + sumBytes) throw damaged(`is cut short: ${bytes.length} bytes`);
  if (bytes.latin1Slice(0, magic.length) !== magic) throw damaged('is no model file');
  const format = bytes.readUInt32LE(8);
  if (format !== modelFormat)
    throw new TanistError(
      'model-version',
      `${where} has format ${format}, this version reads ${modelFormat}`,
    );
  const end = bytes.length - sumBytes;
  if (!sha256(bytes.subarray(0, end)).equals(bytes.subarray(end)))
    throw damaged('does not have its checksum (cut short or changed)');
  const textLength = bytes.readUInt32LE(12);
  if (textLength > longestText || headBytes + textLength > end)
    throw damaged('has a text longer than itself');
  const parsed = v.safeParse(textSchema, jsonOf(bytes.subarray(headBytes, headBytes + textLength)));
  const invalid = (why: string): TanistError => new TanistError('model-invalid', `${where}: ${why}`);
  if (!parsed.success) throw invalid(v.summarize(parsed.issues).replaceAll('\n', ' '));
  const { size } = parsed.output;
  const known = networkSize(size.hidden, size.inner);
  for (const key of ['steps', 'features', 'references', 'facts'] as const)
    if (size[key] !== known[key]) throw invalid(`${key} ${size[key]}, where the features have ${known[key]}`);
  const count = (end - headBytes - textLength) / 4;
  if (count !== weightCount(size)) throw invalid(`${count} weights for a network of ${weightCount(size)}`);
  const weights = floatsOfBytes(bytes.subarray(headBytes + textLength, end));
  const wrong = notFinite(weights);
  if (wrong >= 0) throw invalid(`weight ${wrong} is ${weights[wrong]}, no finite number`);
  const { provenance, ...rest } = parsed.output;
  return { ...rest, weights, ...(provenance === undefined ? {} : { provenance }) };
}

/** @throws `model-missing`, and what `decodeModelFile` throws */
export async function loadModel(path: string | URL): Promise<Model> {
  const where = `the model file ${path instanceof URL ? path.pathname : path}`;
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new TanistError('model-missing', `${where} cannot be read: ${asError(error).message}`, {
      cause: error,
    });
  }
  return decodeModelFile(bytes, where);
}

/** The base model that comes with the project. */
export const baseModelFile = new URL('../../../../models/gru-base.model', import.meta.url);

/** What tells two models apart: the checksum at the end of the file, hexadecimal. */
export function modelHash(model: Model): string {
  return hashOfFile(encodeModelFile(model));
}

/** The same of a file as it is. */
export function hashOfFile(file: Uint8Array): string {
  return asBuffer(file).subarray(-sumBytes).toString('hex');
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}
