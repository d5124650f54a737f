import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import test from 'ava';
import { missingTools, runTool, toolPath } from '../../../src/chaos/target/machine/run-tool.ts';

test.serial('a tool of the system is none that npm has put in front of the PATH', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-test-'));
  const before = process.env.PATH;
  t.teardown(async () => {
    process.env.PATH = before;
    await rm(folder, { recursive: true, force: true });
  });
  const impostors = join(folder, 'node_modules', '.bin');
  const own = join(folder, 'own');
  for (const place of [impostors, own]) {
    await mkdir(place, { recursive: true });
    await writeFile(join(place, 'tanist-tool'), '#!/bin/sh\necho "$0 $1 $(cat)"\n');
    await chmod(join(place, 'tanist-tool'), 0o755);
  }
  process.env.PATH = [impostors, before].join(delimiter);
  t.is(toolPath('tanist-tool'), null);
  t.deepEqual(missingTools(['sh', 'tanist-tool']), ['tanist-tool']);
  await t.throwsAsync(runTool('tanist-tool', []), { code: 'unavailable' });
  process.env.PATH = [impostors, own, before].join(delimiter);
  t.is((await runTool('tanist-tool', ['one'], 'two')).trim(), `${join(own, 'tanist-tool')} one two`);
  await t.throwsAsync(runTool('sh', ['-c', 'echo no >&2; exit 3']), { message: /no/ });
});
