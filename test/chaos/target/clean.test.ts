import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { cleanLeftovers } from '../../../src/chaos/target/clean.ts';
import { Journal, journalFolder, readJournal } from '../../../src/chaos/target/machine/journal.ts';
import { isAlive, startOf } from '../../../src/chaos/target/machine/process-facts.ts';
import { undo } from '../../../src/chaos/target/machine/undo.ts';
import { eventually } from '../../../src/local/eventually.ts';

const harness = fileURLToPath(new URL('./harness.js', import.meta.url));

interface Said {
  readonly pids: readonly number[];
  readonly how: string;
}

test('a harness that is killed leaves nothing that cleaning does not find', async (t) => {
  if (startOf(process.pid) === null) {
    t.log('skipped: no /proc');
    t.pass();
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'tanist-test-'));
  const child = fork(harness, [folder, 'auto']);
  const [{ pids, how }] = (await once(child, 'message')) as [Said];
  t.log(`with ${how}`);
  t.deepEqual(
    (await cleanLeftovers()).filter((line) => line.includes(`process ${child.pid},`)),
    [],
  );
  t.true(pids.every((pid) => isAlive(pid, null)));

  child.kill('SIGKILL');
  await once(child, 'exit');
  const said = await eventually(async () => {
    const lines = (await cleanLeftovers()).filter((line) => line.includes(`process ${child.pid},`));
    return lines.length === 0 ? null : lines;
  }, 'nothing to clean');
  t.log(said.join('\n'));
  // Frozen, it could not hear that its parent is gone.
  t.true(said.some((line) => line.includes(`process ${pids[0]} killed`)));
  t.true(said.some((line) => line.includes(`folder ${folder} removed`)));
  t.false(said.some((line) => line.includes('not undone')));
  for (const pid of pids)
    await eventually(async () => (isAlive(pid, null) ? null : true), `process ${pid} lives on`);
  t.false(existsSync(folder));
  const run = /^run ([0-9a-f]+) /.exec(said[0] ?? '')?.[1] ?? '';
  const spaces = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  t.deepEqual(
    spaces.filter((name) => name.includes(run)),
    [],
  );
  t.false(existsSync(join(journalFolder, `${run}.journal`)));
});

test('a journal says what was done, a line that was not finished left out', (t) => {
  const journal = Journal.begin();
  t.teardown(() => journal.end());
  journal.will({ kind: 'mount', path: '/nowhere' });
  const file = join(journalFolder, `${journal.run}.journal`);
  const read = readJournal(file);
  t.is(read?.author.pid, process.pid);
  t.deepEqual(read?.deeds, [{ kind: 'mount', path: '/nowhere' }]);
});

test('with the folder of a cluster go those that were made around it, if nothing else is in them', async (t) => {
  const work = await mkdtemp(join(tmpdir(), 'tanist-chaos-'));
  t.teardown(() => rm(work, { recursive: true, force: true }));
  for (const run of ['calm-1', 'calm-2']) await mkdir(join(work, run, 'cluster'), { recursive: true });
  await undo({ kind: 'folder', path: join(work, 'calm-1', 'cluster') });
  t.deepEqual(readdirSync(work), ['calm-2']);
  await undo({ kind: 'folder', path: join(work, 'calm-2', 'cluster') });
  t.false(existsSync(work));
});
