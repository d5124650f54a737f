import test from 'ava';
import { hostMetrics } from '../../src/cli/host-metrics.ts';

const machine = (busy: number): Record<string, string> => ({
  '/proc/stat': `cpu  ${100 + busy} 0 20 900 0 0 0 0 0 0\ncpu0 ${100 + busy} 0 20 900 0 0 0 0 0 0\nctxt 5000\nprocesses 17\n`,
  '/proc/meminfo': 'MemTotal:       2048 kB\nActive(anon):    512 kB\nHugePages_Total:       3\n',
  '/proc/diskstats':
    '   7  0 loop0 0 0 0 0 0 0 0 0 0 0 0\n 254  0 vda 10 1 80 4 20 2 160 8 3 12 12 0 0 0 0 0 0\n',
  '/proc/net/dev': `Inter-| Receive\n face |bytes\n  eth0: ${1000 + busy * 10} 9 0 0 0 0 0 0 700 8 0 0 0 0 0 0\n`,
  '/proc/vmstat': 'nr_free_pages 7\npgfault 400\n',
  '/proc/loadavg': '0.50 0.25 0.10 2/345 999\n',
  '/proc/pressure/cpu': 'some avg10=1.50 avg60=0.50 avg300=0.00 total=9000\n',
});

test('levels at once, rates from the second look on', (t) => {
  let files = machine(0);
  const metrics = hostMetrics((path) => files[path] ?? null);
  const first = metrics.sample(1000);
  t.is(first.get('host/memory/memtotal'), 2048 * 1024);
  t.is(first.get('host/memory/active-anon'), 512 * 1024);
  t.is(first.get('host/memory/hugepages_total'), 3);
  t.is(first.get('host/load/5m'), 0.25);
  t.is(first.get('host/tasks/all'), 345);
  t.is(first.get('host/disk/vda/in-flight'), 3);
  t.is(first.get('host/pressure/cpu/some/share-10s'), 1.5);
  t.false(first.has('host/cpu/0/user'));
  files = machine(5);
  const second = metrics.sample(1100);
  // Five ticks of 10 ms in 100 ms: half of a processor.
  t.is(second.get('host/cpu/0/user'), 50);
  t.is(second.get('host/cpu/all/idle'), 0);
  t.is(second.get('host/network/eth0/receive-bytes'), 500);
  t.is(second.get('host/vm/pgfault'), 0);
});

test('devices that never did anything are left out', (t) => {
  const files = machine(0);
  const metrics = hostMetrics((path) => files[path] ?? null);
  metrics.sample(0);
  t.deepEqual(
    [...metrics.sample(100).keys()].filter((key) => key.startsWith('host/disk/loop0')),
    [],
  );
});

test('a counter that goes back has no rate', (t) => {
  let files = machine(50);
  const metrics = hostMetrics((path) => files[path] ?? null);
  metrics.sample(0);
  files = machine(0);
  t.false(metrics.sample(100).has('host/cpu/0/user'));
});

test('without /proc it still tells what Node knows', (t) => {
  const metrics = hostMetrics(() => null);
  metrics.sample(0);
  const sample = metrics.sample(100);
  t.true(sample.has('host/memory/memfree'));
  t.true(sample.has('host/load/1m'));
  t.true([...sample.keys()].some((key) => /^host\/cpu\/0\/\w+$/.test(key)));
});

test('this machine has at least a hundred metrics, all finite, under tidy keys', (t) => {
  const metrics = hostMetrics();
  metrics.sample(0);
  const sample = metrics.sample(100);
  t.true(sample.size >= 100, `only ${sample.size}`);
  for (const [key, value] of sample) {
    t.regex(key, /^host\/[\w./:@-]+$/);
    t.true(Number.isFinite(value), key);
  }
});
