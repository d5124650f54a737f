import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { brokenResult, type ChaosDocument, type ScenarioResult } from '../../src/chaos/run/result.ts';
import { withSegment } from '../../src/chaos/soak/slim-segments.ts';
import { readSoakState, type SoakState, writeSoakState } from '../../src/chaos/soak/soak-state.ts';
import { beginSoak } from '../../src/cli/chaos/begin-soak.ts';
import { conclude } from '../../src/cli/chaos/conclude.ts';
import { outFolder } from '../../src/cli/chaos/out-folder.ts';
import { outputTo } from '../../src/cli/terminal/output.ts';
import { UsageError } from '../../src/cli/terminal/usage-error.ts';
import { TanistError } from '../../src/foundation/errors.ts';

async function folderFor(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tanist-soak-test-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

const segment = (n: number, given: Partial<ScenarioResult> = {}): ScenarioResult => ({
  ...brokenResult({ scenario: `soak ${n}`, seed: 1, target: 'tanist', replay: 'again' }, 'x'),
  ok: true,
  failures: [],
  endedMs: 1000,
  ...given,
});

function documentOf(scenarios: readonly ScenarioResult[]): ChaosDocument {
  return {
    format: 'tanist-chaos-1',
    startedAt: '2026-01-01T00:00:00.000Z',
    command: 'tanist chaos soak',
    host: { cores: 2, memoryBytes: 1, system: 'Linux', node: 'v20' },
    mutant: null,
    build: null,
    budgets: 'report',
    interrupted: false,
    scenarios,
    ok: scenarios.length > 0 && scenarios.every(({ ok }) => ok),
  };
}

const state: SoakState = {
  format: 'tanist-soak-1',
  seed: 1,
  hours: 1,
  segmentSeconds: 240,
  hot: 3,
  warm: 1,
  cold: 0,
  network: 'auto',
  rate: 500,
  clients: 16,
  segmentsDone: 2,
  elapsedMs: 2000,
};

test('a soak whose report is gone, damaged or short is not gone on with: what was found would be forgotten', async (t) => {
  const folder = await folderFor(t);
  const report = join(folder, 'report.json');
  await writeSoakState(folder, state);
  const refused = async (message: RegExp): Promise<void> => {
    const before = await readFile(report, 'utf8').catch(() => '');
    await t.throwsAsync(beginSoak({ resume: folder }), { instanceOf: TanistError, message });
    t.is(await readFile(report, 'utf8').catch(() => ''), before);
  };
  await refused(/report\.json: cannot be read \(ENOENT\): without it .* forgotten/);
  await writeFile(report, JSON.stringify(documentOf([segment(1), segment(2)])).slice(0, 300));
  await refused(/report\.json: is no JSON: /);
  await writeFile(report, JSON.stringify(documentOf([segment(1)])));
  await refused(/report\.json: 1 of 2 segments are missing: /);
  await writeFile(report, JSON.stringify(documentOf([segment(1), segment(2)])));
  t.is((await beginSoak({ resume: folder })).segments.length, 2);
  // Killed between the writing of the two files.
  await writeFile(report, JSON.stringify(documentOf([segment(1), segment(2), segment(3)])));
  const ahead = await beginSoak({ resume: folder, hours: 3 });
  t.deepEqual([ahead.state.segmentsDone, ahead.state.elapsedMs, ahead.state.hours], [3, 3000, 3]);
});

test('a soak goes on as it was begun: other flags are refused, its configuration must be the same', async (t) => {
  const folder = await folderFor(t);
  const config = join(folder, 'own.yaml');
  await writeFile(config, 'cluster: a\nnodes: []\n');
  await t.throwsAsync(beginSoak({ resume: folder, seed: 99, hot: 5, out: 'other' }), {
    instanceOf: UsageError,
    message: /--seed, --out, --hot can't be given with it/,
  });
  await t.throwsAsync(beginSoak({ hours: 1, config, out: join(folder, 'x') }));
  await writeFile(
    config,
    'cluster: a\ntiers: { graceMs: 15000 }\nnodes:\n  - { id: n0, client: 7400, peer: 7401, http: 7402 }\n',
  );
  const out = join(folder, 'soak');
  const begun = await beginSoak({ hours: 1, config, out });
  t.deepEqual(Object.keys(begun.shape.config ?? {}), ['tiers']);
  await writeSoakState(out, begun.state);
  t.deepEqual(await readSoakState(out), begun.state);
  t.deepEqual((await beginSoak({ resume: out })).shape, begun.shape);
  await writeFile(config, (await readFile(config, 'utf8')).replace('15000', '16000'));
  await t.throwsAsync(beginSoak({ resume: out }), { instanceOf: TanistError, message: /has changed since/ });
});

test('a folder with a soak or a report in it is not written over', async (t) => {
  const folder = await folderFor(t);
  t.is(await outFolder(folder), folder);
  await writeFile(join(folder, 'report.json'), '{}');
  await t.throwsAsync(outFolder(folder), { message: /holds an earlier report; name another folder/ });
  await writeSoakState(folder, state);
  await t.throwsAsync(outFolder(folder), { message: /holds a soak \(--resume goes on with it\)/ });
});

test('segments beyond those that are drawn lose the points of their pictures, never what was found', (t) => {
  const point = { kind: 'note', atMs: 1, member: null, text: 'x' } as const;
  let all: readonly ScenarioResult[] = [];
  for (let n = 1; n <= 70; n++)
    all = withSegment(all, segment(n, { moments: [point], lost: n, ok: n !== 70 }));
  t.is(all.filter(({ moments }) => moments.length > 0).length, 61);
  t.deepEqual(
    all.map(({ lost }) => lost),
    all.map((_, i) => i + 1),
  );
  t.is(all[69]?.moments.length, 1, 'a broken one has its pictures');
});

test('a report that cannot be written takes nothing from what is said and printed', async (t) => {
  const folder = await folderFor(t);
  const file = join(folder, 'file');
  await writeFile(file, '');
  const printed: unknown[] = [];
  const out = { ...outputTo(true), document: (content: unknown) => printed.push(content) };
  const broken = documentOf([
    segment(1, { ok: false, verdicts: [{ check: 'bank', answer: 'no', detail: 'x', violations: [] }] }),
  ]);
  await t.throwsAsync(conclude(out, file, broken, {}), { code: 'data-damaged', message: /bank broken/ });
  t.like(printed[0], { ok: false, report: null });
  const held = [{ check: 'linearizable', answer: 'yes', detail: 'all', violations: [] } as const];
  const kept = documentOf([segment(1, { faults: 1, verdicts: held })]);
  await t.throwsAsync(conclude(out, file, kept, {}), { code: 'data-not-writable' });
  t.like(printed[1], { ok: true, report: null });
  const good = join(folder, 'good');
  await mkdir(good);
  await conclude(out, good, kept, {});
  t.like(printed[2], { ok: true, report: join(good, 'report.html') });
  await t.throwsAsync(conclude(out, good, documentOf([]), {}), {
    code: 'unavailable',
    message: /Nothing was run/,
  });
});
