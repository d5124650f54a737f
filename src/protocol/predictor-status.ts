import { type LoadedModel, type PredictionStatus, predictorStates } from '../ports/prediction-status.ts';
import type { WireReader } from './parts/wire-reader.ts';
import { malformed } from './parts/wire-reader.ts';
import type { WireWriter } from './parts/wire-writer.ts';

/** Whole numbers by their field; the rest is of other types. */
const counts = [
  [2, 'keys'],
  [3, 'series'],
  [4, 'mostSeries'],
  [5, 'refused'],
  [6, 'ready'],
  [7, 'waiting'],
  [8, 'forecasts'],
  [9, 'choices'],
  [10, 'errors'],
  [13, 'memoryBytes'],
  [15, 'notNumbers'],
  [16, 'dropped'],
  [17, 'wentBack'],
  [18, 'preApplied'],
] as const;
const countOf = new Map<number, (typeof counts)[number][1]>(counts);

export function writePredictorStatus(writer: WireWriter, field: number, status: PredictionStatus): void {
  const mark = writer.begin(field, 96);
  writer.text(1, status.state);
  for (const [number, name] of counts) writer.uint(number, status[name]);
  writer.text(11, status.lastError ?? '');
  writer.double(12, status.cpuShare);
  if (status.scaledError !== null) writer.doubleAlways(14, status.scaledError);
  for (const { name, hash, fault } of status.models) {
    const inner = writer.begin(19);
    writer.text(1, name);
    writer.text(2, hash);
    writer.text(3, fault ?? '');
    writer.end(inner);
  }
  writer.end(mark);
}

export function readPredictorStatus(reader: WireReader): PredictionStatus {
  const status = {
    state: '',
    keys: 0,
    series: 0,
    mostSeries: 0,
    refused: 0,
    ready: 0,
    waiting: 0,
    forecasts: 0,
    choices: 0,
    errors: 0,
    memoryBytes: 0,
    notNumbers: 0,
    dropped: 0,
    wentBack: 0,
    preApplied: 0,
    lastError: '',
    cpuShare: 0,
    scaledError: null as number | null,
    models: [] as LoadedModel[],
  };
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    const name = countOf.get(field);
    if (name !== undefined) status[name] = reader.uint();
    else if (field === 1) status.state = reader.text();
    else if (field === 11) status.lastError = reader.text();
    else if (field === 12) status.cpuShare = reader.double();
    else if (field === 14) status.scaledError = reader.double();
    else if (field === 19) status.models.push(readModel(reader));
    else reader.skip();
  }
  reader.leave(outer);
  const state = predictorStates.find((each) => each === status.state);
  if (state === undefined) throw malformed(`a predictor that is "${status.state}"`);
  return { ...status, state, lastError: status.lastError === '' ? null : status.lastError };
}

function readModel(reader: WireReader): LoadedModel {
  const texts = ['', '', ''];
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field >= 1 && field <= texts.length) texts[field - 1] = reader.text();
    else reader.skip();
  }
  reader.leave(outer);
  const [name = '', hash = '', fault = ''] = texts;
  return { name, hash, fault: fault === '' ? null : fault };
}
