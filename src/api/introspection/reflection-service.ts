import type {
  Server,
  ServerDuplexStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { present } from '../../foundation/assert.ts';
import { TanistError } from '../../foundation/errors.ts';
import { limits } from '../../foundation/limits.ts';
import { method } from '../../protocol/services.ts';
import { ClientStream } from '../services/client-stream.ts';
import { readFileDescriptors } from './file-descriptors.ts';
import { servedServices } from './served-services.ts';

const versions = ['v1', 'v1alpha'] as const;
type Info = (call: ServerDuplexStream<unknown, unknown>) => void;

/** Of one version: how its messages are read and written, and what answers them. */
interface Reflection {
  readonly definition: ServiceDefinition[string];
  readonly info: Info;
}

/**
 * gRPC server reflection, v1 and v1alpha, so that tools find the API without its files. Few ever ask: everything is loaded when the
 * first one does.
 */
export function addReflectionService(server: Server): void {
  let loading: Promise<readonly Reflection[]> | null = null;
  for (const [i, version] of versions.entries()) {
    const info = method(`/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`, true, true);
    server.addService(
      { info },
      {
        info: (call: ServerDuplexStream<Buffer, Buffer>) => {
          loading ??= loadReflection();
          loading.then(
            (reflections) => serve(call, present(reflections[i], 'every version is loaded')),
            (error: unknown) => {
              loading = null;
              const details = `the API's descriptors cannot be read: ${String(error)}`;
              call.emit('error', { code: status.INTERNAL, details });
            },
          );
        },
      },
    );
  }
}

/** The package's own handlers take and give messages; the server's streams carry bytes. */
function serve(call: ServerDuplexStream<Buffer, Buffer>, { definition, info }: Reflection): void {
  const handlers: ((message: unknown) => void)[] = [];
  const stream = new ClientStream(call, {
    received: (bytes) => {
      const message = requestOf(definition, bytes);
      for (const handler of handlers) handler(message);
    },
    closed: () => {},
    // An answer is a hundred times its question.
    mostWaitingBytes: limits.messageBytes,
  });
  const translated = {
    // The end is the stream's own.
    on: (event: string, listener: (message: unknown) => void) => {
      if (event === 'data') handlers.push(listener);
    },
    write: (message: unknown) => stream.write(definition.responseSerialize(message)),
  };
  info(translated as unknown as ServerDuplexStream<unknown, unknown>);
}

function requestOf(definition: ServiceDefinition[string], bytes: Buffer): unknown {
  try {
    return definition.requestDeserialize(bytes);
  } catch (error) {
    throw new TanistError('invalid-argument', 'not a reflection request', { cause: error });
  }
}

async function loadReflection(): Promise<readonly Reflection[]> {
  const [{ ReflectionService }, fileDescriptorProtos] = await Promise.all([
    import('@grpc/reflection'),
    readFileDescriptors(),
  ]);
  const api = { format: '', type: {}, fileDescriptorProtos: [...fileDescriptorProtos] };
  const service = new ReflectionService({ api } as never, { services: [...servedServices] });
  const found: Reflection[] = [];
  const taker = {
    addService: (definitions: ServiceDefinition, handlers: UntypedServiceImplementation) => {
      const [name, definition] = present(Object.entries(definitions)[0], 'the service has a method');
      found.push({ definition, info: handlers[name] as Info });
    },
  };
  service.addToServer(taker as unknown as Server);
  return found;
}
