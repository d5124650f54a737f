import {
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type sendUnaryData,
  setLogVerbosity,
} from '@grpc/grpc-js';
import { peerService } from '../protocol/services.ts';
import { bindError } from './bind-error.ts';
import { dropClosedStreams } from './http2-streams.ts';
import { channelOptions } from './options.ts';

export interface PeerServerHandlers {
  messages(stream: ServerDuplexStream<Buffer, Buffer>): void;
  probe(call: ServerUnaryCall<Buffer, Buffer>, respond: sendUnaryData<Buffer>): void;
  snapshot(call: ServerReadableStream<Buffer, Buffer>, respond: sendUnaryData<Buffer>): void;
}

export interface PeerServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on the peer port. Errors: `port-taken`, `config-invalid` (no such address here). */
export function listenForPeers(listen: string, handlers: PeerServerHandlers): Promise<PeerServer> {
  setLogVerbosity(logVerbosity.NONE); // grpc-js prints errors that it also hands to us
  const server = new Server(channelOptions);
  server.addService(peerService, { ...handlers });
  return new Promise((resolve, reject) => {
    server.bindAsync(listen, ServerCredentials.createInsecure(), (error, port) => {
      if (error !== null) {
        reject(bindError(listen, 'the peer port', error));
        return;
      }
      dropClosedStreams(server);
      resolve({ port, close: () => closeServer(server) });
    });
  });
}

/** Cuts all connections and gives the port back. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.tryShutdown(() => resolve());
    server.forceShutdown();
  });
}
