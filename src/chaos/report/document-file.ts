import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { TanistError } from '../../foundation/errors.ts';
import type { ChaosDocument } from '../run/result.ts';

/** A JSON file that the harness wrote. Errors: `invalid-argument` with one line, of a file that is something else. */
export async function readDocument(file: string): Promise<ChaosDocument> {
  const fail = (what: string): never => {
    throw new TanistError('invalid-argument', `${file}: ${what}`);
  };
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) =>
    fail(`cannot be read (${error.code ?? error.message})`),
  );
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return fail('is no JSON');
  }
  return isDocument(content) ? content : fail('is no report of "tanist chaos" (its report.json is wanted)');
}

const text = v.string();
const number = v.number();
const list = v.array(v.looseObject({}));
const timed = v.array(v.looseObject({ atMs: number }));
const answer = v.picklist(['yes', 'no', 'unknown']);

/** What the page and a resumption take for granted of a result; the format's name vouches for what is in its lists. */
const resultSchema = v.looseObject({
  scenario: text,
  seed: number,
  target: v.picklist(['tanist', 'etcd']),
  replay: text,
  ok: v.boolean(),
  failures: v.array(text),
  members: v.array(v.looseObject({ id: text, tier: text })),
  faults: number,
  operations: number,
  acknowledged: number,
  failed: number,
  indeterminate: number,
  lost: number,
  linearizable: answer,
  watch: answer,
  verdicts: v.array(v.looseObject({ check: text, answer, detail: text, violations: list })),
  outages: v.array(v.looseObject({ event: text, fault: text, on: v.array(text), atMs: number })),
  budgets: v.array(v.looseObject({ event: text, held: v.boolean() })),
  elections: number,
  falseElections: timed,
  foreseen: v.optional(number),
  memory: list,
  moments: timed,
  samples: timed,
  processes: v.record(text, timed),
  load: v.looseObject({ median: number, most: number, longestStallMs: number }),
  faultsFromMs: number,
  faultsToMs: number,
  endedMs: number,
});

const documentSchema = v.looseObject({
  format: v.literal('tanist-chaos-1'),
  startedAt: text,
  command: text,
  host: v.looseObject({ cores: number, memoryBytes: number, system: text, node: text }),
  mutant: v.nullable(text),
  build: v.nullable(text),
  interrupted: v.boolean(),
  ok: v.boolean(),
  scenarios: v.array(resultSchema),
});

function isDocument(content: unknown): content is ChaosDocument {
  return v.is(documentSchema, content);
}
