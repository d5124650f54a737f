import { setImmediate as nextTurn } from 'node:timers/promises';
import test from 'ava';
import { TanistError } from '../../../src/foundation/errors.ts';
import { startWorker, type WorkerState } from '../../../src/prediction/worker/host.ts';
import { mayTerminate, newSection } from '../../../src/prediction/worker/native-section.ts';
import type { WorkerOptions } from '../../../src/prediction/worker/options.ts';
import { double, type Fault, fail, native, said, say, unknown } from './faulty-kinds.ts';

const entry = new URL('./faulty-thread.js', import.meta.url);

/** Timers that the test fires. */
class Timers {
  readonly due: { readonly delayMs: number; readonly act: () => void }[] = [];
  readonly schedule = (delayMs: number, act: () => void) => {
    const timer = { delayMs, act };
    this.due.push(timer);
    return { cancel: () => void (this.due.includes(timer) && this.due.splice(this.due.indexOf(timer), 1)) };
  };
  fire(delayMs: number): void {
    const index = this.due.findIndex((timer) => timer.delayMs === delayMs);
    const [timer] = this.due.splice(index, 1);
    timer!.act();
  }
}

function start(options: Partial<WorkerOptions> = {}) {
  const timers = new Timers();
  const faults: Error[] = [];
  const worker = startWorker({
    schedule: timers.schedule,
    onFault: (error) => faults.push(error),
    entry,
    heapMiB: 32,
    ...options,
  });
  const reached = (state: WorkerState) =>
    new Promise<void>((resolve) => {
      if (worker.state === state) return resolve();
      const stop = worker.onState((now) => {
        if (now !== state) return;
        stop();
        resolve();
      });
    });
  return { timers, faults, worker, reached };
}

test('calls are answered, buffers move, events arrive, errors keep their codes', async (t) => {
  const { worker, timers } = start();
  const values = new Float64Array([1, 2]);
  const answer = await worker.call(double, { values }, { transfer: [values.buffer] });
  t.deepEqual([...answer.values], [2, 4]);
  t.is(values.length, 0);
  const heard = new Promise((resolve) => worker.on(said, resolve));
  await worker.call(say, 'hello');
  t.is(await heard, 'hello');
  t.like(await t.throwsAsync(worker.call(fail, 'typed')), { code: 'model-damaged' });
  t.like(await t.throwsAsync(worker.call(fail, 'untyped')), { code: 'prediction-failed' });
  t.like(await t.throwsAsync(worker.call(unknown, null)), { code: 'invalid-argument' });
  t.is(worker.calls, 0);
  t.deepEqual(timers.due, []);
  await worker.close();
});

test('a thread that cannot be started is a fault, at first and at a restart: calls are refused, it is tried again', async (t) => {
  // `new Worker` throws at once for an entry of no file, as it does where the system has no thread to give.
  const wrong = new URL('http://nowhere.invalid/');
  const { worker, timers, faults, reached } = start({ entry: wrong, failedAfter: 3 });
  t.is(worker.state, 'restarting');
  t.is(faults.length, 1);
  t.like(await t.throwsAsync(worker.call(say, 'now?')), { code: 'unavailable' });
  for (const [delayMs, state] of [
    [100, 'restarting'],
    [200, 'failed'],
  ] as const) {
    const before = faults.length;
    timers.fire(delayMs);
    await nextTurn();
    t.is(faults.length, before + 1);
    t.is(worker.state, state);
  }
  wrong.href = entry.href;
  timers.fire(400);
  await reached('running');
  t.deepEqual([...(await worker.call(double, { values: new Float64Array([4]) })).values], [8]);
  t.is(worker.faults, 3);
  await worker.close();
});

for (const how of ['crash', 'exit', 'garbage', 'unasked', 'memory'] satisfies Fault[]) {
  test(`${how}: every call under way is refused, the thread is replaced`, async (t) => {
    const { worker, timers, faults, reached } = start();
    const other = worker.call(fail, 'silence');
    const error = await t.throwsAsync(worker.call(fail, how));
    t.like(error, { code: 'unavailable', retryable: true });
    t.like(await t.throwsAsync(other), { code: 'unavailable' });
    t.is(worker.state, 'restarting');
    t.is(faults.length, 1);
    t.like(await t.throwsAsync(worker.call(say, 'now?')), { code: 'unavailable' });
    timers.fire(100);
    await reached('running');
    t.deepEqual([...(await worker.call(double, { values: new Float64Array([4]) })).values], [8]);
    await worker.close();
  });
}

for (const how of ['silence', 'spin'] satisfies Fault[]) {
  test(`${how}: a call that is late ends the thread`, async (t) => {
    const { worker, timers, faults, reached } = start();
    await worker.call(say, 'up');
    const late = worker.call(fail, how, { timeoutMs: 77 });
    timers.fire(77);
    t.like(await t.throwsAsync(late), { code: 'deadline-exceeded' });
    t.is(faults.length, 1);
    timers.fire(100);
    await reached('running');
    await worker.call(say, 'again');
    await worker.close();
    t.deepEqual(timers.due, []);
  });
}

test('the wait doubles with each fault in a row, then it says failed and still tries', async (t) => {
  const { worker, timers, reached } = start({ failedAfter: 3, restartMaxMs: 250 });
  for (const waitMs of [100, 200, 250, 250]) {
    await t.throwsAsync(worker.call(fail, 'exit'));
    t.is(worker.state, waitMs === 250 ? 'failed' : 'restarting');
    timers.fire(waitMs);
    await reached('running');
  }
  await worker.call(say, 'well');
  await t.throwsAsync(worker.call(fail, 'exit'));
  t.true(timers.due.some(({ delayMs }) => delayMs === 100));
  t.is(worker.faults, 5);
  await worker.close();
  t.is(worker.state, 'closed');
});

test('too many calls at once are refused, and what waits at the close', async (t) => {
  const { worker } = start({ maxCalls: 2 });
  const first = worker.call(fail, 'silence');
  const second = worker.call(fail, 'silence');
  t.like(await t.throwsAsync(worker.call(say, 'one more')), { code: 'overloaded', retryable: true });
  const closed = worker.close();
  for (const call of [first, second]) t.like(await t.throwsAsync(call), { code: 'closed' });
  await closed;
  const after = await t.throwsAsync(worker.call(say, 'too late'), { instanceOf: TanistError });
  t.is(after.code, 'closed');
});

test('what cannot cross is refused to its caller alone', async (t) => {
  const { worker } = start();
  const refused = await t.throwsAsync(worker.call(say, (() => 'a function') as never));
  t.like(refused, { code: 'invalid-argument' });
  await worker.call(say, 'still here');
  t.is(worker.faults, 0);
  await worker.close();
});

test('a thread inside native code is not terminated: it ends itself when it comes out', async (t) => {
  const { worker, timers, reached } = start();
  await worker.call(say, 'up');
  const words = new Int32Array(new SharedArrayBuffer(8));
  const inside = new Promise((resolve) => worker.on(said, resolve));
  const late = worker.call(native, words, { timeoutMs: 77 });
  await inside;
  timers.fire(77);
  t.like(await t.throwsAsync(late), { code: 'deadline-exceeded' });
  timers.fire(100);
  t.is(worker.state, 'restarting');
  timers.fire(10_000);
  t.is(worker.state, 'failed');
  Atomics.store(words, 0, 1);
  Atomics.notify(words, 0);
  await reached('running');
  t.is(Atomics.load(words, 1), 1);
  await worker.call(say, 'again');
  await worker.close();
  t.deepEqual(timers.due, []);
});

test('whoever is to be terminated does not go inside, whoever is inside is asked to leave', (t) => {
  const section = newSection();
  t.true(mayTerminate(section));
  t.true(mayTerminate(section));
  // As the thread's side would: it goes inside from 0 alone.
  t.not(Atomics.compareExchange(section, 0, 0, 1), 0);
  const inside = newSection();
  Atomics.store(inside, 0, 1);
  t.false(mayTerminate(inside));
  t.false(mayTerminate(inside));
  t.not(Atomics.compareExchange(inside, 0, 1, 0), 1);
});
