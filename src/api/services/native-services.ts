import type { Server, ServiceDefinition, UntypedHandleCall } from '@grpc/grpc-js';
import { TanistError } from '../../foundation/errors.ts';
import { handledByGrpc, type UnaryHandler, type UnaryMethod } from '../streams/unary-streams.ts';
import { toServiceError, toTanistError } from './grpc-status.ts';

type Handlers<Handler> = Readonly<Record<string, Handler>>;

/** The services of the native API, and which of their methods can be served on their HTTP/2 streams. */
export class NativeServices {
  readonly #server: Pick<Server, 'addService'>;
  readonly #direct = new Map<string, UnaryMethod>();

  constructor(server: Pick<Server, 'addService'>) {
    this.#server = server;
  }

  /** Handlers by the definition's names. */
  add(
    definition: ServiceDefinition,
    unary: Handlers<UnaryHandler>,
    streams: Handlers<UntypedHandleCall> = {},
  ): void {
    const methods = Object.entries(unary).map(([name, handler]) => [name, methodOf(handler)] as const);
    this.#server.addService(definition, {
      ...Object.fromEntries(methods.map(([name, method]) => [name, handledByGrpc(method)])),
      ...streams,
    });
    for (const [name, method] of methods) {
      const path = definition[name]?.path;
      if (path !== undefined) this.#direct.set(path, method);
    }
  }

  /** By path. */
  direct(): ReadonlyMap<string, UnaryMethod> {
    return this.#direct;
  }
}

function methodOf(handler: UnaryHandler): UnaryMethod {
  return { handler, caught: (error) => toServiceError(toTanistError(error)), overloaded };
}

function overloaded() {
  return toServiceError(
    new TanistError(
      'overloaded',
      'the client does not read its replies; read them, or ask for less at a time',
    ),
  );
}
