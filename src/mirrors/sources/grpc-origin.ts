import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { splitAddress } from '../../foundation/address.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { OriginOf } from '../config/source-schema.ts';
import { tooLarge } from './bounded-body.ts';
import { failed, failedBy } from './failed.ts';
import { type ReflectedMethod, reflectMethod } from './grpc-reflection.ts';
import type { Origin, OriginAnswer } from './origin.ts';
import { checkReach } from './reach.ts';
import { metadataText, type SecretPlaces, secretsOf } from './secrets.ts';
import { jsonFor, withTexts } from './template.ts';

/** A server's schema is asked for again after so long: a newer one is decoded by its own. */
const schemaMs = 300_000;

/** A unary gRPC call, its messages known by the server's reflection; request and answer are proto3 JSON (`proto-json`). */
export function grpcOrigin(config: OriginOf<'grpc'>, places: SecretPlaces, wallMs: () => number): Origin {
  const [service = '', name = ''] = config.method.split('/');
  let client: Client | null = null;
  let known: { readonly method: Promise<ReflectedMethod>; readonly atMs: number } | null = null;
  const connection = (maxBytes: number): Client => {
    client ??= new Client(
      config.address,
      config.tls ? credentials.createSsl() : credentials.createInsecure(),
      { 'grpc.max_receive_message_length': maxBytes, 'grpc.enable_http_proxy': 0 },
    );
    return client;
  };
  const described = async (open: Client, signal: AbortSignal): Promise<ReflectedMethod> => {
    // The calendar may have been set back: then it is old, too.
    if (known === null || !(Math.abs(wallMs() - known.atMs) < schemaMs))
      known = { method: reflectMethod(open, service, name, signal), atMs: wallMs() };
    const asked = known;
    try {
      return await asked.method;
    } catch (error) {
      // Asked again the next time: the server may be a newer one then.
      if (known === asked) known = null;
      throw error;
    }
  };
  /** What does not decode may be a newer server's: its schema is asked for once more. */
  const decoded = async (
    open: Client,
    first: ReflectedMethod,
    reply: Buffer,
    signal: AbortSignal,
  ): Promise<unknown> => {
    try {
      return first.decode(reply);
    } catch {
      known = null;
    }
    const anew = await described(open, signal);
    try {
      return anew.decode(reply);
    } catch {
      known = null;
      throw new TanistError('origin-unreadable', 'the answer is not what the reflection of the origin says');
    }
  };
  return {
    async fetch({ key, signal, maxBytes }) {
      try {
        const own = await secretsOf(config.metadata, places, metadataText);
        const hidden = await secretsOf(config.secrets, places, null);
        await checkReach(splitAddress(config.address).host);
        const open = connection(maxBytes);
        const reflected = await described(open, signal);
        const metadata = new Metadata();
        for (const [name, value] of Object.entries(own)) metadata.set(name, value);
        const request = reflected.encode(withTexts(jsonFor(config.request, key), hidden));
        const reply = await unary(open, `/${config.method}`, request, metadata, signal);
        return {
          kind: 'content',
          document: await decoded(open, reflected, reply, signal),
          validators: {},
          changedAtMs: null,
          originMs: null,
        };
      } catch (error) {
        return fromGrpc(error, signal, maxBytes);
      }
    },
    close: () => client?.close(),
  };
}

function unary(
  client: Client,
  path: string,
  request: Buffer,
  metadata: Metadata,
  signal: AbortSignal,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const same = (bytes: Buffer): Buffer => bytes;
    const call = client.makeUnaryRequest(path, same, same, request, metadata, (error, reply) => {
      signal.removeEventListener('abort', cancel);
      if (error !== null) reject(error);
      else resolve(reply ?? Buffer.alloc(0));
    });
    const cancel = (): void => call.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
  });
}

function fromGrpc(error: unknown, signal: AbortSignal, maxBytes: number): OriginAnswer {
  const { code, details } = error as Partial<ServiceError>;
  if (signal.aborted || typeof code !== 'number') return failedBy(error, signal);
  switch (code) {
    case status.NOT_FOUND:
      return { kind: 'gone', originMs: null };
    case status.UNAVAILABLE:
      return failed('origin-unreachable', 'the origin cannot be reached');
    case status.RESOURCE_EXHAUSTED:
      return /larger than max/.test(details ?? '')
        ? { kind: 'failed', error: tooLarge(maxBytes), retryAfterMs: null }
        : failed('origin-busy', 'the origin asks for patience (RESOURCE_EXHAUSTED)');
    case status.DEADLINE_EXCEEDED:
      return failed('origin-slow', 'the origin did not answer in time');
    case status.UNIMPLEMENTED:
    case status.INVALID_ARGUMENT:
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
      return failed(
        'origin-refused',
        `the origin refuses with ${status[code]}: check method, request and secrets`,
      );
    default:
      return failed('origin-failed', `the origin fails with ${status[code] ?? code}`);
  }
}
