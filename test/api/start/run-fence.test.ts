import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { fenceWith, runFence } from '../../../src/api/start/run-fence.ts';
import { nodeId } from '../../../src/foundation/ids.ts';
import type { MemberFacts } from '../../../src/ports/membership.ts';

const member = { id: nodeId('h0'), client: '127.0.0.1:1' } as MemberFacts;

test('a fence command: succeeds, fails, is missing, or hangs with what it began', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-fence-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const script = async (name: string, text: string): Promise<string> => {
    const file = join(folder, name);
    await writeFile(file, `#!/bin/sh\n${text}\n`);
    await chmod(file, 0o755);
    return file;
  };
  const told = join(folder, 'told');
  t.is(await runFence([await script('ok', `echo "$@" > ${told}`), '--off'], member), null);
  t.is(await readFile(told, 'utf8'), '--off h0 127.0.0.1:1\n');
  const failing = await script('no', 'echo no power >&2; exit 3');
  t.is(await runFence([failing], member), `${failing} ended with 3: no power`);
  t.regex((await runFence([join(folder, 'none')], member)) ?? '', /none cannot be run: .*ENOENT/);
  t.is(await runFence([], member), 'no fence command is configured');
  // It has an end for its reader when nobody holds it open any more: the command and all that it began.
  const held = join(folder, 'held');
  await promisify(execFile)('mkfifo', [held]);
  const hanging = await script('hang', `exec 3> ${held}; echo begun >&3; sleep 1000 & wait`);
  const [said, reason] = await Promise.all([readFile(held, 'utf8'), fenceWith(3000)([hanging], member)]);
  t.is(reason, `${hanging} hung for 3000 ms`);
  t.is(said, 'begun\n');
});
