import { type ByteString, emptyBytes } from '../foundation/bytes.ts';
import { nodeId } from '../foundation/ids.ts';
import { type PredictableSpace, predictableSpaces } from '../ports/prediction.ts';
import type {
  PredictionStatus,
  PredictionsReport,
  SeriesForecast,
  SeriesName,
} from '../ports/prediction-status.ts';
import { spaceCode } from './parts/key-value.ts';
import { malformed, WireReader } from './parts/wire-reader.ts';
import { WireWriter } from './parts/wire-writer.ts';
import { readPredictorStatus, writePredictorStatus } from './status/predictor-status.ts';

export interface PredictionsRequest {
  readonly prefix: ByteString;
  /** Series; 0: as many as a reply holds. */
  readonly limit: number;
  /** The last one of the reply before; null: from the first. */
  readonly after: SeriesName | null;
}

export function encodePredictionsRequest({ prefix, limit, after }: PredictionsRequest): Buffer {
  const writer = new WireWriter(64);
  writer.bytes(1, prefix);
  writer.uint(2, limit);
  if (after !== null) {
    const mark = writer.begin(3, 64);
    writeName(writer, after);
    writer.end(mark);
  }
  return writer.finish();
}

export function decodePredictionsRequest(bytes: Uint8Array): PredictionsRequest {
  const reader = new WireReader(bytes);
  let prefix = emptyBytes;
  let limit = 0;
  let after: SeriesName | null = null;
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) prefix = reader.bytes();
    else if (field === 2) limit = reader.uint();
    else if (field === 3) after = readName(reader);
    else reader.skip();
  }
  return { prefix, limit, after };
}

export function writeName(writer: WireWriter, { space, key, pointer }: SeriesName): void {
  writer.uint(1, spaceCode(space));
  writer.bytes(2, key);
  writer.text(3, pointer);
}

export function readName(reader: WireReader): SeriesName {
  let space: PredictableSpace = 'user';
  let key = emptyBytes;
  let pointer = '';
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) space = reader.oneOf(predictableSpaces);
    else if (field === 2) key = reader.bytes();
    else if (field === 3) pointer = reader.text();
    else reader.skip();
  }
  reader.leave(outer);
  return { space, key, pointer };
}

export function encodePredictionsReply({ node, status, series, more, behaviour }: PredictionsReport): Buffer {
  const writer = new WireWriter(1024);
  writer.text(1, node);
  writePredictorStatus(writer, 2, status);
  for (const one of series) writeSeries(writer, 3, one);
  writer.bool(4, more);
  for (const one of behaviour) writeSeries(writer, 5, one);
  return writer.finish();
}

function writeSeries(writer: WireWriter, field: number, series: SeriesForecast): void {
  const mark = writer.begin(field, 512);
  writeName(writer, series);
  writer.text(4, series.model);
  writer.double(5, series.stepMs);
  writer.double(6, series.endMs);
  writer.double(7, series.lastValue);
  for (let i = 0; i < series.mean.length; i++) {
    const inner = writer.begin(8);
    writer.double(1, series.mean[i] ?? 0);
    writer.double(2, series.lower[i] ?? 0);
    writer.double(3, series.upper[i] ?? 0);
    writer.double(4, series.confidence[i] ?? 0);
    const changes = series.changeProbability[i];
    if (changes !== undefined) writer.doubleAlways(5, changes);
    writer.end(inner);
  }
  writer.uint(9, series.observations);
  writer.uint(10, series.scored);
  writer.double(11, series.error);
  writer.double(12, series.naiveError);
  writer.double(13, series.coverage);
  for (const input of series.inputs) writer.text(14, input);
  writer.end(mark);
}

export function decodePredictionsReply(bytes: Uint8Array): PredictionsReport {
  const reader = new WireReader(bytes);
  let node = '';
  let status: PredictionStatus | null = null;
  const series: SeriesForecast[] = [];
  const behaviour: SeriesForecast[] = [];
  let more = false;
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) node = reader.text();
    else if (field === 2) status = readPredictorStatus(reader);
    else if (field === 3) series.push(readSeries(reader));
    else if (field === 4) more = reader.bool();
    else if (field === 5) behaviour.push(readSeries(reader));
    else reader.skip();
  }
  if (status === null) throw malformed('predictions of no predictor');
  return { node: nodeId(node), status, series, more, behaviour };
}

function readSeries(reader: WireReader): SeriesForecast {
  let space: PredictableSpace = 'user';
  let key = emptyBytes;
  const texts = ['', ''];
  const numbers = new Map<number, number>();
  const inputs: string[] = [];
  const steps: Step[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) space = reader.oneOf(predictableSpaces);
    else if (field === 2) key = reader.bytes();
    else if (field === 3 || field === 4) texts[field - 3] = reader.text();
    else if (field === 8) steps.push(readStep(reader));
    else if (field === 14) inputs.push(reader.text());
    else if (field === 9 || field === 10) numbers.set(field, reader.uint());
    else if (field <= 13) numbers.set(field, reader.double());
    else reader.skip();
  }
  reader.leave(outer);
  const number = (field: number): number => numbers.get(field) ?? 0;
  return {
    space,
    key,
    pointer: texts[0] ?? '',
    model: texts[1] ?? '',
    inputs,
    stepMs: number(5),
    endMs: number(6),
    lastValue: number(7),
    mean: steps.map(([mean]) => mean),
    lower: steps.map(([, lower]) => lower),
    upper: steps.map(([, , upper]) => upper),
    confidence: steps.map(([, , , confidence]) => confidence),
    changeProbability: steps.flatMap(([, , , , changes]) => (Number.isNaN(changes) ? [] : [changes])),
    observations: number(9),
    scored: number(10),
    error: number(11),
    naiveError: number(12),
    coverage: number(13),
  };
}

type Step = [mean: number, lower: number, upper: number, confidence: number, changes: number];

function readStep(reader: WireReader): Step {
  const values: Step = [0, 0, 0, 0, Number.NaN];
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field >= 1 && field <= values.length) values[field - 1] = reader.double();
    else reader.skip();
  }
  reader.leave(outer);
  return values;
}
