import { type EtcdMethod, kvMethods, leaseMethods } from '../../../../../src/protocol/etcd/methods.ts';
import { b, type OddCall, type OddStream, wire } from './odd-case.ts';
import type { Differs } from './sides.ts';

const { leaseGrant, leaseRevoke, leaseTimeToLive, leaseLeases, leaseKeepAlive } = leaseMethods;
const call =
  (method: EtcdMethod) =>
  (name: string, request: object, differs?: Differs): OddCall => ({
    name: `${method.path.split('/')[2]}: ${name}`,
    method,
    request,
    ...(differs === undefined ? {} : { differs }),
  });

const grant = call(leaseGrant);
const revoke = call(leaseRevoke);
const look = call(leaseTimeToLive);
const list = call(leaseLeases);
const set = call(kvMethods.put);
const min64 = -(2n ** 63n);
const max64 = 2n ** 63n - 1n;
const negative = (id: bigint): bigint => BigInt.asUintN(64, id);
const longest = 9_000_000_000;

export const leaseCalls: readonly OddCall[] = [
  list('of none', {}),
  grant('no time', { ID: 1n }),
  grant('negative time', { ID: 2n, TTL: -1 }),
  grant('the least time', wire([1, min64], [2, 3])),
  grant('the longest time', { ID: 4n, TTL: longest }),
  grant('a second over the longest time', { ID: 5n, TTL: longest + 1 }),
  grant('the greatest time', wire([1, max64], [2, 6])),
  grant('an id in use', { ID: 4n, TTL: 50 }),
  grant('an id in use and too long', { ID: 4n, TTL: longest + 1 }),
  grant('a negative id', { ID: negative(-7n), TTL: 500 }),
  grant('a negative id in use', { ID: negative(-7n), TTL: 500 }),
  grant('the least id', wire([1, 500], [2, min64])),
  grant('the greatest id', wire([1, 500], [2, max64])),
  grant('an id for keys', { ID: 8n, TTL: 1000 }),
  set('with a negative lease that lives', { key: b('on-lease'), lease: negative(-7n) }),
  set('with the least lease', { key: b('on-least'), lease: negative(min64) }),
  set('with a lease', { key: b('\xffbytes'), lease: 8n }),
  look('nothing set', {}),
  look('an unknown one', { ID: 99n }),
  look('an unknown one with keys', { ID: 99n, keys: true }),
  look('a negative one that is unknown', { ID: negative(-99n) }),
  look('a negative one', { ID: negative(-7n), keys: true }),
  look('the least one', { ID: negative(min64), keys: true }),
  look('the longest', { ID: 4n }),
  look('the longest, with keys of none', { ID: 4n, keys: true }),
  look('keys that are no UTF-8', { ID: 8n, keys: true }),
  list('unknown fields', wire([1, 'a'], [7, 7])),
  revoke('nothing set', {}),
  revoke('an unknown one', { ID: 99n }),
  revoke('a negative one that is unknown', { ID: negative(-99n) }),
  revoke('the least one', { ID: negative(min64) }),
  revoke('the same again', { ID: negative(min64) }),
  look('one that was revoked', { ID: negative(min64) }),
  set('with one that was revoked', { key: b('a'), lease: negative(min64) }),
  set('ignore_lease keeps a lease', { key: b('on-lease'), value: b('x'), ignore_lease: true }),
  revoke('one with a key', { ID: negative(-7n) }),
];

const renewing = (
  name: string,
  answers: number,
  requests: readonly object[],
  differs?: Differs,
): OddStream => ({
  name: `LeaseKeepAlive: ${name}`,
  method: leaseKeepAlive,
  requests,
  answers,
  ...(differs === undefined ? {} : { differs }),
});

/** Lease 8 lives. */
export const renewals: readonly OddStream[] = [
  renewing('nothing set', 1, [{}]),
  renewing('an unknown one', 1, [{ ID: 99n }]),
  renewing('a negative one', 1, [{ ID: negative(-99n) }]),
  renewing('the least', 1, [wire([1, min64])]),
  renewing('one that was revoked', 1, [{ ID: negative(-7n) }]),
  renewing('several, one of them living', 5, [{ ID: 99n }, { ID: 8n }, { ID: 98n }, { ID: 8n }, { ID: 0n }]),
  renewing(
    'the same often',
    50,
    Array.from({ length: 50 }, () => ({ ID: 8n })),
  ),
  renewing('unknown fields', 1, [wire([1, 8], [9, 'x'])]),
];
