import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const program = fileURLToPath(new URL('./exit-in-work.js', import.meta.url));

for (const delayMs of [0, 150, 600, 1_100])
  test(`a process may exit while its worker is at work: after ${delayMs} ms`, async (t) => {
    const child = spawn(process.execPath, [program, '7', String(delayMs)], { stdio: 'inherit' });
    t.deepEqual(await once(child, 'exit'), [7, null]);
  });
