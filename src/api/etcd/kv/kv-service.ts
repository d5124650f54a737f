import { AssertionError } from '../../../foundation/assert.ts';
import type { Command } from '../../../ports/command.ts';
import {
  decodeCompactionRequest,
  decodeDeleteRangeRequest,
  decodePutRequest,
  decodeRangeRequest,
} from '../../../protocol/etcd/kv/read-requests.ts';
import { decodeTxnRequest } from '../../../protocol/etcd/kv/read-txn.ts';
import {
  encodeDeleteRangeResponse,
  encodeHeaderResponse,
  encodePutResponse,
  encodeRangeResponse,
  encodeTxnResponse,
} from '../../../protocol/etcd/kv/write-responses.ts';
import { kvMethods } from '../../../protocol/etcd/methods.ts';
import { isReadOnly } from '../../../state/checks/read-only.ts';
import type { UnaryReply } from '../../streams/unary-streams.ts';
import { caughtAsEtcdError, EtcdError, type EtcdErrorName, etcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';
import { rawUnary, type ServiceHandlers, signalOf } from '../handlers.ts';
import type { TxnReadDone } from '../reads.ts';
import type { WriteOutcome } from '../writes/flight.ts';
import { checkPut, checkTxn } from './check-requests.ts';

/** etcd's KV service. */
export function kvService(face: EtcdFace): ServiceHandlers {
  const write = (command: Command, wrong: EtcdErrorName | null, reply: UnaryReply): void => {
    if (wrong !== null) reply(etcdError(wrong), null);
    else face.propose(command, (outcome) => answer(face, outcome, reply));
  };
  return {
    unary: new Map([
      rawUnary(kvMethods.range, (bytes, reply, caller) => {
        const { range, serializable } = decodeRangeRequest(bytes);
        if (range.key.length === 0) reply(etcdError('keyNotProvided'), null);
        else
          face.read(
            range,
            serializable,
            (outcome) => {
              if (outcome instanceof EtcdError) reply(outcome, null);
              else reply(null, encodeRangeResponse(face.answering(), outcome));
            },
            caller,
          );
      }),
      rawUnary(kvMethods.put, (bytes, reply) => {
        const put = decodePutRequest(bytes);
        write(put, checkPut(put), reply);
      }),
      rawUnary(kvMethods.deleteRange, (bytes, reply) => {
        const command = decodeDeleteRangeRequest(bytes);
        write(command, command.key.length === 0 ? 'keyNotProvided' : null, reply);
      }),
      rawUnary(kvMethods.txn, (bytes, reply, caller) => {
        const { txn, serializable } = decodeTxnRequest(bytes);
        const wrong = checkTxn(txn, face.node.requestLimits.transactionOperations);
        if (wrong !== null || !isReadOnly(txn)) {
          write(txn, wrong, reply);
          return;
        }
        const told: TxnReadDone = (outcome) => {
          if (outcome === null) write(txn, null, reply);
          else answer(face, outcome, reply);
        };
        face.readTxn(txn, serializable, told, caller);
      }),
      rawUnary(kvMethods.compact, (bytes, reply, caller) => {
        const { command, physical } = decodeCompactionRequest(bytes);
        const gone: UnaryReply = (error, response) => {
          if (error !== null) {
            reply(error, null);
            return;
          }
          face.node.maintenance.compacted(command.revision, signalOf(caller)).then(
            () => reply(null, response),
            (failure: unknown) => reply(caughtAsEtcdError(failure), null),
          );
        };
        write(command, command.revision < 0 ? 'compacted' : null, physical ? gone : reply);
      }),
    ]),
    streams: new Map(),
  };
}

/** Called from the node's own turns: nothing may be thrown. */
function answer(face: EtcdFace, outcome: WriteOutcome, reply: UnaryReply): void {
  try {
    if (outcome instanceof EtcdError) reply(outcome, null);
    else reply(null, encode(face, outcome));
  } catch (error) {
    reply(caughtAsEtcdError(error), null);
  }
}

function encode(face: EtcdFace, outcome: Exclude<WriteOutcome, EtcdError>): Buffer {
  const answering = face.answering();
  switch (outcome.kind) {
    case 'put':
      return encodePutResponse(answering, outcome);
    case 'deleteRange':
      return encodeDeleteRangeResponse(answering, outcome);
    case 'txn':
      return encodeTxnResponse(answering, outcome);
    case 'compact':
      return encodeHeaderResponse(answering, outcome.revision);
    default:
      throw new AssertionError(`a ${outcome.kind} is no answer of the KV service`);
  }
}
