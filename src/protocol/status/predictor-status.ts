import {
  type LoadedModel,
  type PredictionStatus,
  type PredictionsMet,
  predictorStates,
} from '../../ports/prediction-status.ts';
import type { WireReader } from '../parts/wire-reader.ts';
import { malformed } from '../parts/wire-reader.ts';
import type { WireWriter } from '../parts/wire-writer.ts';

/** Of `PredictorCounts`, by their field, from 1. */
const counts = [
  'keys',
  'series',
  'mostSeries',
  'refused',
  'ready',
  'waiting',
  'forecasts',
  'choices',
  'errors',
  'memoryBytes',
  'notNumbers',
  'dropped',
  'wentBack',
  'preApplied',
  'behaviour',
] as const;
type Counts = Record<(typeof counts)[number], number>;

export function writePredictorStatus(writer: WireWriter, field: number, status: PredictionStatus): void {
  const mark = writer.begin(field, 128);
  writer.text(1, status.state);
  const counted = writer.begin(2, 48);
  for (const [i, name] of counts.entries()) writer.uint(i + 1, status[name]);
  writer.end(counted);
  writer.text(3, status.lastError ?? '');
  writer.double(4, status.cpuShare);
  if (status.scaledError !== null) writer.doubleAlways(5, status.scaledError);
  for (const { name, hash, fault } of status.models) {
    const inner = writer.begin(6);
    writer.text(1, name);
    writer.text(2, hash);
    writer.text(3, fault ?? '');
    writer.end(inner);
  }
  const met = writer.begin(7);
  writer.uint(1, status.met.count);
  writer.double(2, status.met.error);
  writer.double(3, status.met.lastError);
  writer.end(met);
  writer.end(mark);
}

export function readPredictorStatus(reader: WireReader): PredictionStatus {
  let said = '';
  let counted = readCounts(null);
  let lastError = '';
  let cpuShare = 0;
  let scaledError: number | null = null;
  let met: PredictionsMet = { count: 0, error: 0, lastError: 0 };
  const models: LoadedModel[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) said = reader.text();
    else if (field === 2) counted = readCounts(reader);
    else if (field === 3) lastError = reader.text();
    else if (field === 4) cpuShare = reader.double();
    else if (field === 5) scaledError = reader.double();
    else if (field === 6) models.push(readModel(reader));
    else if (field === 7) met = readMet(reader);
    else reader.skip();
  }
  reader.leave(outer);
  const state = predictorStates.find((each) => each === said);
  if (state === undefined) throw malformed(`a predictor that is "${said}"`);
  const last = lastError === '' ? null : lastError;
  return { state, ...counted, lastError: last, cpuShare, scaledError, met, models };
}

/** Null: nothing is said of them. */
function readCounts(reader: WireReader | null): Counts {
  const values = counts.map(() => 0);
  if (reader !== null) {
    const outer = reader.enter();
    while (reader.more()) {
      const field = reader.next();
      if (field >= 1 && field <= counts.length) values[field - 1] = reader.uint();
      else reader.skip();
    }
    reader.leave(outer);
  }
  const at = (name: keyof Counts): number => values[counts.indexOf(name)] ?? 0;
  return {
    keys: at('keys'),
    series: at('series'),
    mostSeries: at('mostSeries'),
    refused: at('refused'),
    ready: at('ready'),
    waiting: at('waiting'),
    forecasts: at('forecasts'),
    choices: at('choices'),
    errors: at('errors'),
    memoryBytes: at('memoryBytes'),
    notNumbers: at('notNumbers'),
    dropped: at('dropped'),
    wentBack: at('wentBack'),
    preApplied: at('preApplied'),
    behaviour: at('behaviour'),
  };
}

function readMet(reader: WireReader): PredictionsMet {
  const met = { count: 0, error: 0, lastError: 0 };
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) met.count = reader.uint();
    else if (field === 2) met.error = reader.double();
    else if (field === 3) met.lastError = reader.double();
    else reader.skip();
  }
  reader.leave(outer);
  return met;
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
