import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { decodeMessage, encodeMessage } from '../../../../../src/protocol/etcd/codec.ts';
import { type EtcdMethod, leaseMethods } from '../../../../../src/protocol/etcd/methods.ts';
import { type AnySchema, type Field, id, schema } from '../../../../../src/protocol/etcd/schema.ts';
import { text } from '../compare-answers.ts';
import type { OddCall, OddStream } from './odd-case.ts';

const patienceMs = 20_000;
/** For responses that there should not be. */
const quietMs = 300;
/** Of a lease of etcd. */
const leastSeconds = 2n;
const same = (bytes: Buffer): Buffer => bytes;

/** Asks one server; its answers as text, without what must differ between two clusters. */
export class Asker {
  readonly #client: Client;
  readonly #endpoint: string;

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
    this.#client = newClient(endpoint);
  }

  call({ method, request }: OddCall): Promise<string> {
    const deadline = Date.now() + patienceMs;
    return new Promise((resolve) => {
      const answered = (error: ServiceError | null, bytes?: Buffer): void =>
        resolve(error === null ? plain(method, bytes!) : failure(error));
      this.#client.makeUnaryRequest(
        method.path,
        same,
        same,
        encoded(method, request),
        { deadline },
        answered,
      );
    });
  }

  /** Responses of one watch or lease in their order; then the end if there is one. */
  async stream({ method, requests, answers }: OddStream): Promise<readonly string[]> {
    const client = newClient(this.#endpoint);
    const call = client.makeBidiStreamRequest(method.path, same, same);
    const said: string[] = [];
    let end: string | null = null;
    let heard = (): void => {};
    call.on('data', (bytes: Buffer) => {
      said.push(plain(method, bytes));
      heard();
    });
    call.on('error', (error: ServiceError) => {
      end = failure(error);
      heard();
    });
    for (const request of requests) call.write(encoded(method, request));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, patienceMs);
      heard = () => {
        if (end === null && (said.length < answers || answers === 0)) return;
        clearTimeout(timer);
        resolve();
      };
      heard();
    });
    await new Promise((resolve) => setTimeout(resolve, quietMs));
    call.cancel();
    client.close();
    // Each of its responses names its lease: Tanist answers at once where it need not ask a quorum.
    if (method.path === leaseMethods.leaseKeepAlive.path) said.sort();
    return end === null ? said : [...said, end];
  }

  close(): void {
    this.#client.close();
  }
}

function newClient(endpoint: string): Client {
  return new Client(endpoint, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': -1,
  });
}

function encoded(method: EtcdMethod, request: object): Buffer {
  return Buffer.isBuffer(request) ? request : encodeMessage(method.request, request);
}

function failure({ code, details }: ServiceError): string {
  return `error ${code} ${details}`;
}

function plain(method: EtcdMethod, bytes: Buffer): string {
  const message = { ...decodeMessage(exact(method.response), bytes) } as {
    header: { revision: bigint } | bigint | null;
    TTL?: bigint;
    leases?: { ID: bigint }[];
  };
  if (message.header !== null && typeof message.header === 'object') message.header = message.header.revision;
  if (method.path === leaseMethods.leaseTimeToLive.path && message.TTL !== undefined) {
    const left = BigInt.asIntN(64, message.TTL);
    message.TTL = left > 0n ? 1n : left;
  }
  // The least one follows from etcd's time for elections.
  if (method.path === leaseMethods.leaseGrant.path && message.TTL !== undefined && message.TTL < leastSeconds)
    message.TTL = leastSeconds;
  message.leases?.sort((a, b) => (a.ID < b.ID ? -1 : 1));
  return text(message);
}

/** With all bits of every number. */
function exact(of: AnySchema): AnySchema {
  const fields: Record<string, Field<unknown, unknown>> = {};
  for (const [name, field] of Object.entries(of.fields))
    fields[name] =
      field.type === 'int'
        ? { ...id(field.number), repeated: field.repeated, absent: field.absent }
        : field.type === 'message'
          ? { ...field, schema: () => exact(field.schema()) }
          : field;
  return schema(of.name, fields);
}
