import { type LearningStatus, learningStates, type ModelFacts } from '../../ports/learning-status.ts';
import type { WireReader } from '../parts/wire-reader.ts';
import { malformed } from '../parts/wire-reader.ts';
import type { WireWriter } from '../parts/wire-writer.ts';

/** Whole numbers and texts by their field; the rest is of other types. */
const counts = [
  [3, 'rounds'],
  [4, 'published'],
  [5, 'rejected'],
  [6, 'discarded'],
  [7, 'rolledBack'],
] as const;
const contributionCounts = [
  [1, 'contributed'],
  [2, 'refused'],
  [3, 'waiting'],
  [4, 'wanted'],
] as const;
const learntFrom = [
  [1, 'series'],
  [2, 'leftOut'],
  [3, 'bytes'],
  [4, 'shown'],
] as const;
const texts = [
  [8, 'lastRejection'],
  [9, 'lastRollBack'],
  [10, 'lastError'],
] as const;
const factTexts = [
  [1, 'name'],
  [3, 'hash'],
  [4, 'parent'],
  [9, 'judgedBy'],
  [13, 'reason'],
] as const;
const factCounts = [
  [2, 'version'],
  [7, 'samples'],
  [8, 'contributors'],
  [12, 'judgedSeries'],
  [14, 'bytes'],
] as const;
const modelKinds = [
  'base',
  'adapted',
  'federated',
  'rolled-back',
] as const satisfies readonly ModelFacts['kind'][];

export function writeLearningStatus(writer: WireWriter, field: number, status: LearningStatus): void {
  const mark = writer.begin(field, 512);
  writer.text(1, status.state);
  if (status.model !== null) writeFacts(writer, status.model);
  for (const [number, name] of counts) writer.uint(number, status[name]);
  for (const [number, name] of texts) writer.text(number, status[name]);
  writeCounts(writer, 11, contributionCounts, status);
  writeCounts(writer, 12, learntFrom, status);
  writer.double(13, status.cpuShare);
  writer.end(mark);
}

function writeFacts(writer: WireWriter, facts: ModelFacts): void {
  const mark = writer.begin(2, 256);
  for (const [number, name] of factTexts) writer.text(number, facts[name]);
  for (const [number, name] of factCounts) writer.uint(number, facts[name]);
  writer.text(5, facts.kind);
  writer.double(6, facts.madeAtMs);
  if (Number.isFinite(facts.before)) writer.doubleAlways(10, facts.before);
  if (Number.isFinite(facts.after)) writer.doubleAlways(11, facts.after);
  writer.end(mark);
}

export function readLearningStatus(reader: WireReader): LearningStatus {
  const fields = { counts: new Map(counts), texts: new Map(texts) };
  const status = { ...zeros(counts), ...empties(texts), cpuShare: 0 };
  let contributions = zeros(contributionCounts);
  let from = zeros(learntFrom);
  let state = '';
  let model: ModelFacts | null = null;
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    const count = fields.counts.get(field as (typeof counts)[number][0]);
    const text = fields.texts.get(field as (typeof texts)[number][0]);
    if (count !== undefined) status[count] = reader.uint();
    else if (text !== undefined) status[text] = reader.text();
    else if (field === 1) state = reader.text();
    else if (field === 2) model = readFacts(reader);
    else if (field === 11) contributions = readCounts(reader, contributionCounts);
    else if (field === 12) from = readCounts(reader, learntFrom);
    else if (field === 13) status.cpuShare = reader.double();
    else reader.skip();
  }
  reader.leave(outer);
  const known = learningStates.find((each) => each === state);
  if (known === undefined) throw malformed(`learning that is "${state}"`);
  return { ...status, ...contributions, ...from, state: known, model };
}

function readFacts(reader: WireReader): ModelFacts {
  const fields = { counts: new Map(factCounts), texts: new Map(factTexts) };
  const facts = { ...zeros(factCounts), ...empties(factTexts) };
  const numbers = { madeAtMs: 0, before: Number.NaN, after: Number.NaN };
  let kind = '';
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    const count = fields.counts.get(field as (typeof factCounts)[number][0]);
    const text = fields.texts.get(field as (typeof factTexts)[number][0]);
    if (count !== undefined) facts[count] = reader.uint();
    else if (text !== undefined) facts[text] = reader.text();
    else if (field === 5) kind = reader.text();
    else if (field === 6) numbers.madeAtMs = reader.double();
    else if (field === 10) numbers.before = reader.double();
    else if (field === 11) numbers.after = reader.double();
    else reader.skip();
  }
  reader.leave(outer);
  const known = modelKinds.find((each) => each === kind);
  if (known === undefined) throw malformed(`a model that is "${kind}"`);
  return { ...facts, ...numbers, kind: known };
}

type Table = readonly (readonly [number, string])[];

function writeCounts<Of extends Table>(
  writer: WireWriter,
  field: number,
  table: Of,
  counted: Readonly<Record<Names<Of>, number>>,
): void {
  const mark = writer.begin(field);
  for (const [number, name] of table) writer.uint(number, counted[name as Names<Of>]);
  writer.end(mark);
}

function readCounts<Of extends Table>(reader: WireReader, table: Of): Record<Names<Of>, number> {
  const found = zeros(table);
  const names = new Map<number, string>(table);
  const outer = reader.enter();
  while (reader.more()) {
    const name = names.get(reader.next());
    if (name === undefined) reader.skip();
    else found[name as Names<Of>] = reader.uint();
  }
  reader.leave(outer);
  return found;
}

type Names<Of extends Table> = Of[number][1];

function zeros<Of extends Table>(table: Of): Record<Names<Of>, number> {
  return Object.fromEntries(table.map(([, name]) => [name, 0])) as Record<Names<Of>, number>;
}

function empties<Of extends Table>(table: Of): Record<Names<Of>, string> {
  return Object.fromEntries(table.map(([, name]) => [name, ''])) as Record<Names<Of>, string>;
}
