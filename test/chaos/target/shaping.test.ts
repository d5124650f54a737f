import test from 'ava';
import { dropRules, slowing } from '../../../src/chaos/target/namespaces/shaping.ts';
import { drawSubnet, hostOfMember, linkName } from '../../../src/chaos/target/namespaces/subnet.ts';

const neighbour = (number: number): { number: number; host: string } => ({
  number,
  host: `10.1.2.${number + 10}`,
});

test('what is cut is dropped on arrival, what is lossy in part', (t) => {
  const rules = dropRules([
    [neighbour(0), { cut: true, loss: 0.5 }],
    [neighbour(1), { loss: 0.5 }],
    [neighbour(2), { loss: 2 }],
    [neighbour(3), { loss: 0, delayMs: 10 }],
    [neighbour(4), {}],
  ]);
  t.is(
    rules,
    [
      'flush chain inet tanist in',
      'add rule inet tanist in ip saddr 10.1.2.10 drop',
      'add rule inet tanist in ip saddr 10.1.2.11 numgen random mod 1000 < 500 drop',
      'add rule inet tanist in ip saddr 10.1.2.12 numgen random mod 1000 < 1000 drop',
      '',
    ].join('\n'),
  );
});

test('what is slow gets a class, a queue and a filter of its own; what is fast again only loses its filter', (t) => {
  t.is(
    slowing(neighbour(1), { delayMs: 75, jitterMs: 50 }, false),
    [
      'class replace dev eth0 parent 1: classid 1:11 htb rate 100gbit quantum 60000',
      'qdisc replace dev eth0 parent 1:11 handle 11: netem delay 75ms 50ms limit 100000',
      'filter add dev eth0 parent 1: protocol ip prio 2 u32 match ip dst 10.1.2.11/32 flowid 1:11',
      '',
    ].join('\n'),
  );
  t.is(
    slowing(neighbour(0), { bytesPerSecond: 125_000 }, true),
    [
      'filter del dev eth0 parent 1: protocol ip prio 1',
      'class replace dev eth0 parent 1: classid 1:10 htb rate 1000000bit quantum 60000',
      'qdisc replace dev eth0 parent 1:10 handle 10: pfifo limit 100000',
      'filter add dev eth0 parent 1: protocol ip prio 1 u32 match ip dst 10.1.2.10/32 flowid 1:10',
      '',
    ].join('\n'),
  );
  t.is(slowing(neighbour(2), { cut: true }, true), 'filter del dev eth0 parent 1: protocol ip prio 3\n');
  t.is(slowing(neighbour(2), { cut: true }, false), '');
});

test('a subnet is none that a route of the machine leads to', (t) => {
  const draws = (...numbers: readonly number[]): (() => number) => {
    let next = 0;
    return () => numbers[next++] ?? 0;
  };
  const routes = [
    'default via 10.9.0.1 dev eth0',
    '10.9.0.0/16 dev eth0 proto kernel scope link src 10.9.0.2',
    '10.20.30.128/25 dev tun0',
    'local 10.40.50.60 dev eth1 table local',
    'broadcast 10.60.1.255 dev x',
  ].join('\n');
  t.deepEqual(drawSubnet(routes, draws(9, 7, 20, 30, 40, 50, 60, 1, 20, 31)), { a: 20, b: 31 });
  t.is(drawSubnet('10.0.0.0/8 dev vpn0'), null);
  t.is(hostOfMember({ a: 20, b: 31 }, 2), '10.20.31.12');
  // The longest name that a link may have.
  t.true(linkName({ a: 255, b: 255 }).length <= 15);
});
