import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { TanistError } from '../../foundation/errors.ts';
import { replaceFile } from '../report/replace-file.ts';

/** A file that a soak was begun with. */
const inputSchema = v.object({ file: v.string(), sha256: v.string() });

const stateSchema = v.object({
  format: v.literal('tanist-soak-1'),
  seed: v.number(),
  hours: v.number(),
  segmentSeconds: v.number(),
  hot: v.number(),
  warm: v.number(),
  cold: v.number(),
  network: v.picklist(['auto', 'namespaces', 'proxy']),
  rate: v.number(),
  clients: v.number(),
  config: v.optional(inputSchema),
  /** `main.js` of another build. */
  build: v.optional(inputSchema),
  /** Segments that are over, with their checks and their report. */
  segmentsDone: v.number(),
  /** How long it has gone on in all, checks and reports with it, ms. */
  elapsedMs: v.number(),
});

/** What a soak needs to go on after the harness has ended: its parameters, and how far it is. */
export type SoakState = Readonly<v.InferOutput<typeof stateSchema>>;

const fileName = 'soak.json';

/** Errors: `invalid-argument`, of a folder without a soak in it. */
export async function readSoakState(folder: string): Promise<SoakState> {
  const file = join(folder, fileName);
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new TanistError(
      'invalid-argument',
      `${file}: cannot be read (${cause.code ?? cause.message}); --resume wants the folder of a soak`,
      { cause },
    );
  });
  let content: unknown = null;
  try {
    content = JSON.parse(text);
  } catch {
    // Said below.
  }
  const parsed = v.safeParse(stateSchema, content);
  if (!parsed.success) throw new TanistError('invalid-argument', `${file}: is no state of a soak`);
  return parsed.output;
}

export async function writeSoakState(folder: string, state: SoakState): Promise<void> {
  await replaceFile(join(folder, fileName), `${JSON.stringify(state)}\n`);
}
