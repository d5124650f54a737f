import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const root = fileURLToPath(new URL('../../../', import.meta.url));

// Within a test's own time ava does not look at its timer for runs where nothing happens any more, and it looks once: where
// one of the last tests had more time than that timer, a run that hung would never end.
test("no test's own time is as long as ava waits for a run in which nothing happens", (t) => {
  const { ava } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const [, minutes] = /^(\d+)m$/.exec(ava.timeout) ?? [];
  const found = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      [...readFileSync(join(root, 'test', file), 'utf8').matchAll(/\bt\.timeout\((\w+)\)/g)].map(
        ([, ms]) => ({ file, ms }),
      ),
    );
  t.true(found.length > 10);
  const tooLong = found.filter(({ ms }) => !(Number(ms?.replaceAll('_', '')) < Number(minutes) * 60_000));
  t.deepEqual(tooLong, []);
});
