import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

interface Told {
  readonly acknowledged: number;
  readonly lost: number;
  readonly appliedTwice: number;
  readonly keys: number;
  readonly timeline: readonly { readonly event: string }[];
  readonly forced: { readonly keysBefore: number; readonly keysAfter: number } | null;
}

test('the demo: the leader is killed, nothing is lost, the warm replica goes on by force, nothing is left behind', async (t) => {
  t.timeout(110_000);
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve, reject) => {
    execFile(process.execPath, [main, 'demo', '--seconds', '2', '--json'], (error, out, err) =>
      error === null ? resolve({ stdout: out, stderr: err }) : reject(new Error(`${error.message} ${err}`)),
    );
  });
  const told = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Told;
  t.is(told.lost, 0);
  t.is(told.appliedTwice, 0);
  t.true(told.keys >= 100, `${told.keys} keys`);
  t.true(told.acknowledged > 0);
  t.deepEqual(
    told.timeline.map(({ event }) => event),
    ['killed', 'suspected', 'firstVote', 'elected', 'firstAcknowledged'],
  );
  // Null where the warm replica had become hot by itself before: there was time enough on a busy machine.
  t.is(told.forced?.keysAfter, told.forced?.keysBefore);
  const folder = /data in (\S+)/.exec(stdout + stderr)?.[1];
  if (folder !== undefined) await t.throwsAsync(access(folder), { code: 'ENOENT' });
});
