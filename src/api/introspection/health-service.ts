import {
  type Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import type { ServedNode } from '../../node/served-node.ts';
import { decodeMessage, encodeMessage } from '../../protocol/etcd/codec.ts';
import { oneOf, schema, text } from '../../protocol/etcd/schema.ts';
import { method } from '../../protocol/services.ts';
import { toServiceError, toTanistError } from '../services/grpc-status.ts';
import { servedServices } from './served-services.ts';

const checkRequest = schema('grpc.health.v1.HealthCheckRequest', { service: text(1) });
const checkResponse = schema('grpc.health.v1.HealthCheckResponse', {
  status: oneOf(
    1,
    'grpc_health_v1.HealthCheckResponse_ServingStatus',
    'UNKNOWN',
    'SERVING',
    'NOT_SERVING',
    'SERVICE_UNKNOWN',
  ),
});
const healthMethods = {
  check: method('/grpc.health.v1.Health/Check', false, false),
  watch: method('/grpc.health.v1.Health/Watch', false, true),
};
const lookEveryMs = 500;

type Health = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

/** `grpc.health.v1`: overall (the empty name) and by service. A node serves while it knows a leader and its state is whole. */
export function addHealthService(server: Server, node: ServedNode): void {
  const known = new Set(['', ...servedServices]);
  const healthOf = (service: string): Health => {
    if (!known.has(service)) return 'SERVICE_UNKNOWN';
    const { raft, restoring } = node.inspect();
    // A replica beyond the quorum serves what it holds, whoever leads.
    const mayServe = node.tier !== 'hot' || raft.leader !== null;
    return mayServe && !restoring ? 'SERVING' : 'NOT_SERVING';
  };
  server.addService(healthMethods, {
    check: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      try {
        const { service } = decodeMessage(checkRequest, call.request);
        const health = healthOf(service);
        if (health === 'SERVICE_UNKNOWN')
          done({ code: status.NOT_FOUND, details: `Health status unknown for service ${service}` });
        else done(null, encodeMessage(checkResponse, { status: health }));
      } catch (error) {
        done(toServiceError(toTanistError(error)));
      }
    },
    watch: (call: ServerWritableStream<Buffer, Buffer>) => {
      try {
        watch(call, node, decodeMessage(checkRequest, call.request).service, healthOf);
      } catch (error) {
        call.emit('error', toServiceError(toTanistError(error)));
      }
    },
  });
}

/** Tells of every change, so an unread stream holds a few bytes a failover. */
function watch(
  call: ServerWritableStream<Buffer, Buffer>,
  node: ServedNode,
  service: string,
  healthOf: (service: string) => Health,
): void {
  let told: Health | null = null;
  const look = (): void => {
    const health = healthOf(service);
    if (health === told) return;
    told = health;
    call.write(encodeMessage(checkResponse, { status: health }));
  };
  look();
  const stopListening = node.onRouting(look);
  const timer = setInterval(look, lookEveryMs).unref();
  const stop = (): void => {
    stopListening();
    clearInterval(timer);
  };
  call.on('cancelled', stop);
  call.on('error', stop);
  call.on('close', stop);
}
