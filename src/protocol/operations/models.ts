import { TanistError } from '../../foundation/errors.ts';
import { bytesOfFloats, floatsOfBytes } from '../../foundation/floats.ts';
import { type NodeId, nodeId } from '../../foundation/ids.ts';
import { type LearningStatus, type Publishing, publishings } from '../../ports/learning-status.ts';
import type { ContributionTaken, ModelContribution } from '../../ports/model-contribution.ts';
import { malformed, WireReader } from '../parts/wire-reader.ts';
import { WireWriter } from '../parts/wire-writer.ts';
import { readLearningStatus, writeLearningStatus } from '../status/learning-status.ts';

/** No model of this project comes near; the weights of an update. */
const mostDeltaBytes = 4 * 1024 * 1024;
const floatBytes = 4;

export interface ModelReply {
  readonly node: NodeId;
  /** As a model file; empty: not asked for. */
  readonly file: Uint8Array;
  readonly learning: LearningStatus;
  /** `none`: nothing was to be published. */
  readonly publishing: Publishing;
}

export function encodeModelRequest(file: boolean): Buffer {
  const writer = new WireWriter(8);
  writer.bool(1, file);
  return writer.finish();
}

export function decodeModelRequest(bytes: Uint8Array): { readonly file: boolean } {
  const reader = new WireReader(bytes);
  let file = false;
  while (reader.more()) {
    if (reader.next() === 1) file = reader.bool();
    else reader.skip();
  }
  return { file };
}

export function encodeModelReply({ node, file, learning, publishing }: ModelReply): Buffer {
  const writer = new WireWriter(1024 + file.length);
  writer.text(1, node);
  writer.raw(2, file);
  writeLearningStatus(writer, 3, learning);
  writer.uint(4, publishings.indexOf(publishing));
  return writer.finish();
}

export function decodeModelReply(bytes: Uint8Array): ModelReply {
  const reader = new WireReader(bytes);
  let node = '';
  let file: Uint8Array = new Uint8Array();
  let learning: LearningStatus | null = null;
  let publishing: Publishing = 'none';
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) node = reader.text();
    else if (field === 2) file = reader.copy();
    else if (field === 3) learning = readLearningStatus(reader);
    else if (field === 4) publishing = publishings[reader.uint()] ?? 'none';
    else reader.skip();
  }
  if (learning === null) throw malformed('a model without its status');
  return { node: nodeId(node), file, learning, publishing };
}

export function encodeModelFileMessage(file: Uint8Array): Buffer {
  const writer = new WireWriter(16 + file.length);
  writer.raw(1, file);
  return writer.finish();
}

export function decodeModelFileMessage(bytes: Uint8Array): Uint8Array {
  const reader = new WireReader(bytes);
  let file: Uint8Array = new Uint8Array();
  while (reader.more()) {
    if (reader.next() === 1) file = reader.copy();
    else reader.skip();
  }
  return file;
}

/** All that leaves a contributor. */
export function encodeContribution(given: ModelContribution): Buffer {
  const { model, base, delta, samples, clip, noise, contributor, reported } = given;
  const writer = new WireWriter(256 + floatBytes * delta.length);
  writer.text(1, model);
  writer.text(2, base);
  writer.raw(3, bytesOfFloats(delta));
  writer.uint(4, samples);
  writer.double(5, clip);
  writer.double(6, noise);
  writer.text(7, contributor);
  if (reported !== null) {
    writer.doubleAlways(8, reported.before);
    writer.doubleAlways(9, reported.after);
  }
  return writer.finish();
}

/** Errors: `invalid-argument`, `model-invalid`, `value-too-large`. */
export function decodeContribution(bytes: Uint8Array): ModelContribution {
  const reader = new WireReader(bytes);
  const texts = new Map<number, string>();
  const numbers = new Map<number, number>();
  let delta = new Float32Array();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1 || field === 2 || field === 7) texts.set(field, reader.utf8());
    else if (field === 3) delta = floatsOf(reader.view());
    else if (field === 4) numbers.set(field, reader.uint());
    else if (field >= 5 && field <= 9) numbers.set(field, reader.double());
    else reader.skip();
  }
  const before = numbers.get(8);
  const after = numbers.get(9);
  return {
    model: texts.get(1) ?? '',
    base: texts.get(2) ?? '',
    delta,
    samples: numbers.get(4) ?? 0,
    clip: numbers.get(5) ?? 0,
    noise: numbers.get(6) ?? 0,
    contributor: texts.get(7) ?? '',
    reported: before === undefined || after === undefined ? null : { before, after },
  };
}

export function encodeContributionTaken({ waiting, wanted }: ContributionTaken): Buffer {
  const writer = new WireWriter(16);
  writer.uint(1, waiting);
  writer.uint(2, wanted);
  return writer.finish();
}

export function decodeContributionTaken(bytes: Uint8Array): ContributionTaken {
  const reader = new WireReader(bytes);
  const numbers = [0, 0, 0];
  while (reader.more()) {
    const field = reader.next();
    if (field === 1 || field === 2) numbers[field] = reader.uint();
    else reader.skip();
  }
  const [, waiting = 0, wanted = 0] = numbers;
  return { waiting, wanted };
}

function floatsOf(bytes: Buffer): Float32Array<ArrayBuffer> {
  if (bytes.length > mostDeltaBytes)
    throw new TanistError(
      'value-too-large',
      `the update has ${bytes.length} bytes; at most ${mostDeltaBytes} are taken`,
    );
  if (bytes.length % floatBytes !== 0)
    throw new TanistError(
      'model-invalid',
      `the update has ${bytes.length} bytes, which is no number of weights`,
    );
  return floatsOfBytes(bytes);
}
