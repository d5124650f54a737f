import { Worker } from 'node:worker_threads';
import test from 'ava';
import { Loan } from '../../../src/transport/sentinel/loan.ts';

const module = new URL('../../../src/transport/sentinel/loan.js', import.meta.url).href;
/** A thread that owns something: says that it offers it, waits, says how that ended. */
const owner = `
  const { parentPort, workerData } = require('node:worker_threads');
  import('${module}').then(({ Loan }) => {
    parentPort.postMessage('offered');
    parentPort.postMessage(new Loan(workerData.shared).wait(workerData.ms));
  });
`;

/** What the owner says after `act`, which runs when it has offered. */
async function lent(ms: number, act: (loan: Loan) => void): Promise<boolean> {
  const shared = new SharedArrayBuffer(4);
  const worker = new Worker(owner, { eval: true, workerData: { shared, ms } });
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.on('message', (said: unknown) => {
      if (said === 'offered') act(new Loan(shared));
      else resolve(said === true);
    });
  });
}

test('used: the owner goes on when that is over, and knows', async (t) => {
  t.true(await lent(60_000, (loan) => loan.use(() => true)));
});

test('not used, or failed: the owner keeps what it has', async (t) => {
  t.false(await lent(60_000, (loan) => loan.use(() => false)));
  t.false(
    await lent(60_000, (loan) =>
      t.throws(() =>
        loan.use(() => {
          throw new Error('none');
        }),
      ),
    ),
  );
});

test('withdrawn: whoever comes too late does nothing', async (t) => {
  let isUsed = false;
  const shared = new SharedArrayBuffer(4);
  const loan = new Loan(shared);
  t.false(new Loan(shared).wait(0));
  loan.use(() => (isUsed = true));
  t.false(isUsed);
});

test('the owner does not go on while it is in use', async (t) => {
  const order: string[] = [];
  const wait = lent(1, (loan) => {
    loan.use(() => {
      // Longer than the owner waits for the beginning.
      const untilMs = performance.now() + 50;
      while (performance.now() < untilMs);
      order.push('used');
      return true;
    });
  });
  const knows = await wait;
  // Where the machine was so slow that the owner had gone on before, nothing was used.
  t.deepEqual([knows, order], knows ? [true, ['used']] : [false, []]);
});
