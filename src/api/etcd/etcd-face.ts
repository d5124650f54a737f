import type { NodeId, Revision } from '../../foundation/ids.ts';
import type { ServedNode } from '../../node/served-node.ts';
import type { Command, RangeRequest, TxnCommand } from '../../ports/command.ts';
import type { Answering } from '../../protocol/etcd/kv/write-responses.ts';
import type { responseHeader } from '../../protocol/etcd/messages/header.ts';
import type { Message } from '../../protocol/etcd/schema.ts';
import { anyKey } from '../any-key.ts';
import type { Cancellable } from '../streams/unary-streams.ts';
import { Deadlines } from './deadlines.ts';
import { EtcdError } from './etcd-error.ts';
import { clusterIdOf, MemberIds } from './identity.ts';
import { type ReadDone, Reads, type TxnReadDone } from './reads.ts';
import { Answered } from './writes/answered.ts';
import type { WriteDone, WriteOutcome } from './writes/flight.ts';
import { Proposer } from './writes/proposer.ts';

/** etcd's: 5 s and two election timeouts of a second. */
const requestTimeoutMs = 7000;

/** What every service of etcd's API needs of the node. */
export class EtcdFace {
  readonly node: ServedNode;
  readonly self: NodeId;
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly #memberIds: MemberIds;
  readonly #deadlines = new Deadlines(requestTimeoutMs);
  readonly #proposer: Proposer;
  readonly #reads: Reads;

  constructor(node: ServedNode, cluster: string) {
    const self = node.id;
    this.node = node;
    this.self = self;
    this.#memberIds = new MemberIds(cluster);
    this.clusterId = clusterIdOf(cluster);
    this.memberId = this.#memberIds.of(self);
    const answered = new Answered();
    this.#proposer = new Proposer(node, self, this.#deadlines, answered);
    this.#reads = new Reads(node, this.#deadlines, answered);
  }

  memberIdOf(id: NodeId): bigint {
    return this.#memberIds.of(id);
  }

  /** For codecs that write the header themselves. */
  answering(): Answering {
    return { clusterId: this.clusterId, memberId: this.memberId, term: this.node.routing().term };
  }

  /** `revision`: of the operation; without, this node's own latest. */
  header(revision: Revision = this.node.state.revision('user')): Message<typeof responseHeader> {
    return {
      cluster_id: this.clusterId,
      member_id: this.memberId,
      revision,
      raft_term: this.node.routing().term,
    };
  }

  /** On any node: goes to the leader with whatever else this turn of the event loop brings. Fails within etcd's time for a request. */
  propose(command: Command, done: WriteDone): void {
    this.#proposer.propose(command, done);
  }

  /** The same for those who are not in a hurry. `kind`: what the command answers. Rejects with an EtcdError. */
  proposed<K extends Exclude<WriteOutcome, EtcdError>['kind']>(
    command: Command & { readonly kind: K },
  ): Promise<Extract<WriteOutcome, { readonly kind: K }>> {
    return new Promise((resolve, reject) => {
      this.propose(command, (outcome) => {
        if (outcome instanceof EtcdError) reject(outcome);
        else resolve(outcome as Extract<WriteOutcome, { readonly kind: K }>);
      });
    });
  }

  /** `caller`: once it is cancelled, the answer may never come. */
  read(
    request: RangeRequest,
    serializable: boolean,
    done: ReadDone,
    caller?: Pick<Cancellable, 'cancelled'>,
  ): void {
    this.#reads.read(request, serializable, done, caller);
  }

  /** Of a transaction that writes nothing; null: to be proposed all the same. */
  readTxn(
    txn: TxnCommand,
    serializable: boolean,
    done: TxnReadDone,
    caller?: Pick<Cancellable, 'cancelled'>,
  ): void {
    this.#reads.readTxn(txn, serializable, done, caller);
  }

  /** Resolves when this node's state is at least as new as everything acknowledged before the call. Rejects with an EtcdError. */
  linearized(): Promise<Revision> {
    return new Promise((resolve, reject) => {
      this.read(anyKey, false, (outcome) => {
        if (outcome instanceof EtcdError) reject(outcome);
        else resolve(outcome.revision);
      });
    });
  }

  /** `done` once this node has what was acknowledged before the call, or after a second without it: for what must be answered without a leader, too. */
  caughtUp(done: () => void): void {
    this.#reads.caughtUp(done);
  }

  close(): void {
    this.#proposer.close();
    this.#deadlines.close();
  }
}
