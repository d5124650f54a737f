import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { present } from '../../foundation/assert.ts';
import { byteStringOfText, bytesOf, prefixEnd } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import {
  decodeCount,
  decodeHashKv,
  decodeKeys,
  decodeRevision,
  decodeStatus,
  type EtcdHash,
  type EtcdStatus,
  encodeCompaction,
  encodeDeleteRange,
  encodeHashKv,
  encodeMoveLeader,
  encodePut,
  encodePuts,
  encodeRange,
} from './etcd-messages.ts';

/** A plain client of etcd over grpc-js: what a Node program gets of it. Only what a measurement needs. */
export interface EtcdClient {
  /** At one endpoint, once. */
  put(endpoint: number, key: Uint8Array, value: Uint8Array): Promise<number>;
  get(endpoint: number, key: Uint8Array, how?: { readonly serializable: boolean }): Promise<number>;
  delete(endpoint: number, key: Uint8Array): Promise<number>;
  /** The keys of a range; how many there are. */
  range(endpoint: number, key: Uint8Array, rangeEnd: Uint8Array): Promise<number>;
  /** In one transaction; the revision. */
  putAll(endpoint: number, puts: readonly (readonly [Uint8Array, Uint8Array])[]): Promise<number>;
  compact(endpoint: number, revision: number): Promise<void>;
  /** Tries one endpoint after the other, beginning with a different one each time, until one acknowledges. */
  putAnywhere(key: Uint8Array, value: Uint8Array, untilMs: number): Promise<number>;
  keysWithPrefix(prefix: string): Promise<ReadonlySet<string>>;
  deletePrefix(prefix: string): Promise<void>;
  status(endpoint: number): Promise<EtcdStatus>;
  /** Of what this member has, up to the revision. Errors: those of gRPC; `OutOfRange` for a revision that it has not come to. */
  hashKv(endpoint: number, revision: number): Promise<EtcdHash>;
  moveLeader(endpoint: number, targetId: bigint): Promise<void>;
  close(): void;
}

/** An attempt gives up after this long and tries elsewhere: a frozen member never answers. */
const attemptMs = 1000;
/** Between two attempts of one write, so that waiting ones don't flood a cluster without a leader. */
const retryMs = 10;

export function etcdClient(endpoints: readonly string[]): EtcdClient {
  const connections = endpoints.map(
    (endpoint) =>
      new Client(endpoint, credentials.createInsecure(), {
        // A member that comes back is to be found at once, not after grpc-js's default of up to two minutes.
        'grpc.initial_reconnect_backoff_ms': 50,
        'grpc.min_reconnect_backoff_ms': 50,
        'grpc.max_reconnect_backoff_ms': 200,
      }),
  );
  let turn = 0;
  const call = (endpoint: number, method: string, request: Buffer, deadlineMs: number): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      present(connections[endpoint], 'an endpoint of the cluster').makeUnaryRequest(
        method,
        same,
        same,
        request,
        { deadline: Date.now() + deadlineMs },
        (error: ServiceError | null, answer?: Buffer) => {
          if (error !== null) reject(error);
          else resolve(present(answer, 'an answer without an error'));
        },
      );
    });
  /** For what is no measurement: whichever member answers. */
  const anywhere = async (method: string, request: Buffer): Promise<Buffer> => {
    let failure: unknown;
    for (let round = 0; round < 20; round++) {
      for (let endpoint = 0; endpoint < endpoints.length; endpoint++) {
        try {
          return await call(endpoint, method, request, 10_000);
        } catch (error) {
          failure = error;
        }
      }
      await pause(100);
    }
    throw new TanistError('unavailable', `etcd does not answer: ${(failure as Error).message}`);
  };
  return {
    put: async (endpoint, key, value) =>
      decodeRevision(await call(endpoint, '/etcdserverpb.KV/Put', encodePut(key, value), 10_000)),
    get: async (endpoint, key, how) =>
      decodeRevision(await call(endpoint, '/etcdserverpb.KV/Range', encodeRange({ key, ...how }), 10_000)),
    delete: async (endpoint, key) =>
      decodeRevision(await call(endpoint, '/etcdserverpb.KV/DeleteRange', encodeDeleteRange(key), 10_000)),
    range: async (endpoint, key, rangeEnd) =>
      decodeCount(await call(endpoint, '/etcdserverpb.KV/Range', encodeRange({ key, rangeEnd }), 10_000)),
    putAll: async (endpoint, puts) =>
      decodeRevision(await call(endpoint, '/etcdserverpb.KV/Txn', encodePuts(puts), 10_000)),
    compact: async (endpoint, revision) => {
      await call(endpoint, '/etcdserverpb.KV/Compact', encodeCompaction(revision, true), 120_000);
    },
    putAnywhere: async (key, value, untilMs) => {
      const request = encodePut(key, value);
      for (let endpoint = turn++ % endpoints.length; ; endpoint = (endpoint + 1) % endpoints.length) {
        try {
          return decodeRevision(await call(endpoint, '/etcdserverpb.KV/Put', request, attemptMs));
        } catch (error) {
          if (Date.now() >= untilMs || !worthRetrying(error as ServiceError)) throw error;
        }
        await pause(retryMs);
      }
    },
    keysWithPrefix: async (prefix) =>
      new Set(
        decodeKeys(
          await anywhere(
            '/etcdserverpb.KV/Range',
            encodeRange({ key: Buffer.from(prefix), rangeEnd: endOf(prefix), keysOnly: true }),
          ),
        ),
      ),
    deletePrefix: async (prefix) => {
      await anywhere('/etcdserverpb.KV/DeleteRange', encodeDeleteRange(Buffer.from(prefix), endOf(prefix)));
    },
    status: async (endpoint) =>
      decodeStatus(await call(endpoint, '/etcdserverpb.Maintenance/Status', Buffer.alloc(0), 2000)),
    hashKv: async (endpoint, revision) =>
      decodeHashKv(await call(endpoint, '/etcdserverpb.Maintenance/HashKV', encodeHashKv(revision), 5000)),
    moveLeader: async (endpoint, targetId) => {
      await call(endpoint, '/etcdserverpb.Maintenance/MoveLeader', encodeMoveLeader(targetId), 10_000);
    },
    close: () => {
      for (const connection of connections) connection.close();
    },
  };
}

const same = (bytes: Buffer): Buffer => bytes;
const endOf = (prefix: string): Buffer => bytesOf(prefixEnd(byteStringOfText(prefix)));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Each of these puts writes a key of its own, so sending it again does no harm, whatever became of it. */
function worthRetrying({ code }: ServiceError): boolean {
  return (
    code === status.UNAVAILABLE ||
    code === status.DEADLINE_EXCEEDED ||
    code === status.CANCELLED ||
    code === status.UNKNOWN
  );
}
