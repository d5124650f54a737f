import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Client, type ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { TanistError } from '../../foundation/errors.ts';
import { messageJson, messageOf } from './proto-json.ts';

/** A method as its server describes it. */
export interface ReflectedMethod {
  /** From proto3 JSON. Fails as `origin-refused` where it does not fit. */
  encode(request: unknown): Buffer;
  /** To JSON (`messageJson`). Throws where it is no such message. */
  decode(reply: Buffer): unknown;
}

interface ReflectionAnswer {
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Uint8Array[] };
  readonly errorResponse?: { readonly errorMessage: string };
}

const versions = ['v1', 'v1alpha'] as const;
const mostFiles = 1000;
/** Of all descriptors of a server together: they are kept. */
const mostBytes = 8 * 1024 * 1024;

/** Asks the server what the method's messages are (gRPC Server Reflection, v1, else v1alpha). Fails as `origin-refused`. */
export async function reflectMethod(
  client: Client,
  service: string,
  method: string,
  signal: AbortSignal,
): Promise<ReflectedMethod> {
  let failure: unknown;
  for (const version of versions) {
    try {
      const files = await reflectedFiles(client, version, service, signal);
      return methodOf(files, service, method);
    } catch (error) {
      if (error instanceof TanistError || signal.aborted) throw error;
      failure = error;
      // UNIMPLEMENTED: the other version may be there.
      if ((error as { readonly code?: unknown }).code !== 12) throw error;
    }
  }
  throw new TanistError('origin-refused', 'the origin has no gRPC reflection: turn it on there', {
    cause: failure,
  });
}

async function reflectedFiles(
  client: Client,
  version: string,
  service: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, protobuf.Message<descriptor.IFileDescriptorProto>>> {
  const messages = await reflectionMessages(version);
  const requestType = messages.lookupType(`grpc.reflection.${version}.ServerReflectionRequest`);
  const responseType = messages.lookupType(`grpc.reflection.${version}.ServerReflectionResponse`);
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const call: ClientDuplexStream<object, ReflectionAnswer> = client.makeBidiStreamRequest(
    path,
    (request: object) => Buffer.from(requestType.encode(request).finish()),
    (bytes: Buffer) => responseType.decode(bytes) as unknown as ReflectionAnswer,
    new Metadata(),
  );
  const cancel = (): void => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  const files = new Map<string, protobuf.Message<descriptor.IFileDescriptorProto>>();
  try {
    const asked = new Set<string>();
    let bytesRead = 0;
    const answers = call[Symbol.asyncIterator]();
    let open = 1;
    call.write({ fileContainingSymbol: service });
    while (open > 0) {
      const { value, done } = await answers.next();
      if (done) break;
      open--;
      const answer = value as ReflectionAnswer;
      if (answer.errorResponse !== undefined && answer.errorResponse !== null)
        throw new TanistError('origin-refused', `the origin's reflection does not know ${service}`);
      for (const bytes of answer.fileDescriptorResponse?.fileDescriptorProto ?? []) {
        bytesRead += bytes.length;
        if (bytesRead > mostBytes || files.size >= mostFiles)
          throw new TanistError(
            'origin-too-large',
            `the origin's reflection describes more than ${mostFiles} files or ${mostBytes} bytes`,
          );
        const file = descriptor.FileDescriptorProto.decode(
          bytes,
        ) as protobuf.Message<descriptor.IFileDescriptorProto>;
        files.set(String(file.toJSON().name), file);
      }
      for (const file of files.values()) {
        for (const needed of (file.toJSON().dependency as readonly string[] | undefined) ?? []) {
          if (files.has(needed) || asked.has(needed) || asked.size >= mostFiles) continue;
          asked.add(needed);
          open++;
          call.write({ fileByFilename: needed });
        }
      }
    }
    return files;
  } finally {
    signal.removeEventListener('abort', cancel);
    call.on('error', () => undefined);
    call.cancel();
  }
}

function methodOf(
  files: ReadonlyMap<string, protobuf.Message<descriptor.IFileDescriptorProto>>,
  service: string,
  method: string,
): ReflectedMethod {
  const set = descriptor.FileDescriptorSet.create({
    file: [...files.values()] as descriptor.IFileDescriptorProto[],
  });
  const root = (protobuf.Root as unknown as { fromDescriptor(set: unknown): protobuf.Root }).fromDescriptor(
    set,
  );
  root.resolveAll();
  const found = root.lookup(service);
  const described = found instanceof protobuf.Service ? found.methods[method] : undefined;
  described?.resolve();
  const requestType = described?.resolvedRequestType;
  const responseType = described?.resolvedResponseType;
  if (described === undefined || !requestType || !responseType)
    throw new TanistError('origin-refused', `the origin has no method ${service}/${method}`);
  if (described.requestStream || described.responseStream)
    throw new TanistError(
      'origin-refused',
      `${service}/${method} is a stream; only unary methods are mirrored`,
    );
  return {
    encode: (request) => {
      try {
        return Buffer.from(requestType.encode(messageOf(requestType, request)).finish());
      } catch {
        // Why may quote a secret of it.
        throw new TanistError('origin-refused', `the request does not fit ${service}/${method}`);
      }
    },
    decode: (reply) => messageJson(responseType, responseType.decode(reply)),
  };
}

const loaded = new Map<string, Promise<protobuf.Root>>();

/** The messages of the reflection service itself, from the package that serves it. */
function reflectionMessages(version: string): Promise<protobuf.Root> {
  const known = loaded.get(version);
  if (known !== undefined) return known;
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve('@grpc/reflection/package.json'));
  const file = join(folder, 'build/proto/grpc/reflection', version, 'reflection.proto');
  const made = readFile(file, 'utf8').then((text) => protobuf.parse(text).root);
  loaded.set(version, made);
  return made;
}
