import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/api/system-clock.ts';
import { RequestLog } from '../../src/dependencies/pre-cache/request-log.ts';
import {
  decodeSequence,
  logPrefix,
  type RequestSequence,
} from '../../src/dependencies/pre-cache/sequence.ts';
import { watchUse } from '../../src/dependencies/watch/watch-use.ts';
import { TanistError } from '../../src/foundation/errors.ts';
import { until } from './fleet.ts';
import { MemoryState } from './memory-state.ts';

async function setting(t: ExecutionContext) {
  const home = await mkdtemp(join(tmpdir(), 'tanist-watch-'));
  const ending = new AbortController();
  t.teardown(async () => {
    ending.abort();
    await rm(home, { recursive: true, force: true });
  });
  const root = join(home, 'node_modules');
  const used: (string | null)[] = [];
  const said: string[] = [];
  const ports = {
    clock: { ...systemClock, after: (ms: number, act: () => void) => systemClock.after(ms / 20, act) },
    say: (text: string) => void said.push(text),
    used: (name: string | null) => void used.push(name),
  };
  const install = async (): Promise<void> => {
    await rm(root, { recursive: true, force: true });
    await mkdir(join(root, 'a'), { recursive: true });
    const file = join(root, 'a', 'index.js');
    await writeFile(file, '1');
    // What is read in the moment of writing is its writer's reading, and `relatime` tells of no later one.
    const { ctimeMs } = await stat(file);
    await until(() => Date.now() > ctimeMs + 50);
  };
  const watch = () => watchUse(root, ports, ending.signal);
  return { home, root, used, said, install, watch };
}

const path = process.env.PATH ?? '';

test.serial('a folder that comes with the installation, and again with the next one', async (t) => {
  process.env.PATH = '';
  t.teardown(() => {
    process.env.PATH = path;
  });
  const { root, used, install, watch } = await setting(t);
  const watched = await watch();
  t.is(watched.report().how, 'access-times');
  for (const times of [1, 2]) {
    await install();
    await until(async () => {
      await readFile(join(root, 'a', 'index.js'));
      return used.filter((name) => name === 'a').length === times;
    });
  }
  t.deepEqual(watched.report().openedPackages, ['a']);
});

test.serial('inotifywait is begun anew with the folder; files alone count', async (t) => {
  const { home, root, used, said, install, watch } = await setting(t);
  const program = join(home, 'inotifywait');
  const lines = ['CLOSE_NOWRITE,CLOSE,ISDIR ROOT/b/lib', 'CLOSE_NOWRITE,CLOSE ROOT/a/index.js'];
  const script = ['#!/bin/sh', '[ "$1" = --help ] && exit', 'for last; do :; done'];
  const printed = lines.map((line) => `echo "${line.replace('ROOT', '$last')}"`);
  await writeFile(program, [...script, ...printed, 'exec sleep 60'].join('\n'));
  await chmod(program, 0o755);
  process.env.PATH = `${home}${delimiter}${path}`;
  t.teardown(() => {
    process.env.PATH = path;
  });
  const watched = await watch();
  t.deepEqual(used, [null]);
  for (const times of [1, 2]) {
    await install();
    await until(() => used.filter((name) => name === 'a').length >= times);
  }
  t.like(watched.report(), { how: 'inotify', openedPackages: ['a'] });
  // It ends by itself: said with its own words, and access times stand in.
  const words = 'Failed to watch; upper limit on inotify watches reached!';
  await writeFile(program, ['#!/bin/sh', `echo "${words}" >&2`, 'exit 1'].join('\n'));
  await install();
  await until(() => watched.report().how === 'access-times');
  t.true(said.some((line) => line.includes(words)));
  const before = used.length;
  await until(async () => {
    await readFile(join(root, 'a', 'index.js'));
    return used.length > before;
  });
});

/** Its time passes as a test says. */
function logged(say: (text: string) => void) {
  const state = new MemoryState();
  let nowMs = 0;
  let timers: { readonly atMs: number; readonly act: () => void }[] = [];
  const clock = {
    nowMs: () => nowMs,
    wallMs: () => 1e12 + nowMs,
    soon: (act: () => void) => setImmediate(act),
    after: (delayMs: number, act: () => void) => {
      const timer = { atMs: nowMs + delayMs, act };
      timers.push(timer);
      const cancel = (): void => {
        timers = timers.filter((each) => each !== timer);
      };
      return { cancel };
    },
  };
  const pass = async (ms: number): Promise<void> => {
    for (const endMs = nowMs + ms; nowMs < endMs; ) {
      nowMs += 1000;
      const due = timers.filter(({ atMs }) => atMs <= nowMs);
      timers = timers.filter(({ atMs }) => atMs > nowMs);
      for (const { act } of due) act();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const log = new RequestLog({
    ...{ state, clock, application: 'shop', sandbox: 'own' },
    sizeOf: () => 1,
    say,
  });
  const sequences = async (): Promise<readonly RequestSequence[]> =>
    (await state.get(logPrefix, { prefix: true })).values.flatMap(({ value }) => decodeSequence(value) ?? []);
  return { state, log, pass, sequences };
}

test('what is opened belongs to the installation before it, however much later a program starts', async (t) => {
  const { log, pass, sequences } = logged((text) => t.fail(text));
  log.used(null);
  log.used('of before the first');
  for (const name of ['first', 'second']) {
    for (const file of ['a', 'b'])
      log.asked({ path: `${file}/-/${file}-1.0.0.tgz`, key: null, sizeBytes: 0 });
    await pass(30_000);
    log.used('a');
    log.used(name);
    await pass(30_000);
  }
  const [one, two] = await sequences();
  t.deepEqual(one?.used, ['a', 'first']);
  t.true(one?.ended);
  t.deepEqual(two?.used, ['a', 'second']);
  t.false(two?.ended);
  await pass(600_000);
  t.true((await sequences())[1]?.ended);
  log.used('late');
  await log.stop();
  t.deepEqual((await sequences())[1]?.used, ['a', 'second']);
  t.is((await sequences()).length, 2);
});

test('a sequence that could not be written when it ended is written later', async (t) => {
  const said: string[] = [];
  const { state, log, pass, sequences } = logged((text) => said.push(text));
  log.asked({ path: 'a/-/a-1.0.0.tgz', key: null, sizeBytes: 0 });
  await pass(5000);
  t.false((await sequences())[0]?.ended);
  state.failure = new TanistError('unavailable', 'no leader');
  await pass(60_000);
  t.is(said.length, 1);
  state.failure = null;
  await pass(60_000);
  t.true((await sequences())[0]?.ended);
  await log.stop();
});
