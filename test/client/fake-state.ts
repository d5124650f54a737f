import type { ByteString } from '../../src/foundation/bytes.ts';
import {
  clusterTimeMs,
  leaseId,
  noSession,
  revision,
  type SessionId,
  sessionId,
} from '../../src/foundation/ids.ts';
import type { Command, CommandBatch, PutCommand, RangeRequest } from '../../src/ports/command.ts';
import type { KeyValue, StateDelta } from '../../src/ports/delta.ts';
import type { CommandResult, OperationResult, RangeResult } from '../../src/ports/result.ts';

/** The little of a state that the client's tests need: one space, no real time, no compaction but a mark. */
export class FakeState {
  revision = 1;
  compacted = 0;
  readonly keys = new Map<ByteString, KeyValue>();
  readonly deltas: StateDelta[] = [];
  readonly sessions = new Map<SessionId, { through: number; readonly results: Map<number, CommandResult> }>();
  readonly leases = new Map<bigint, number>();
  readonly kinds: Command['kind'][] = [];
  readonly policies = new Set<ByteString>();
  onDelta: ((delta: StateDelta) => void) | null = null;
  keepsHistory = true;
  private readonly nonces = new Map<string, SessionId>();
  private nextId = 1;

  apply(batch: CommandBatch): readonly CommandResult[] {
    if (batch.session === noSession) return batch.commands.map((command) => this.command(command));
    const session = this.sessions.get(batch.session);
    if (session === undefined) {
      return batch.commands.map(
        () => ({ kind: 'failed', code: 'session-expired', message: 'expired' }) as const,
      );
    }
    for (; session.through < batch.acknowledgedThrough; session.through++)
      session.results.delete(session.through + 1);
    return batch.commands.map((command, i) => {
      const number = batch.firstNumber + i;
      const result = session.results.get(number) ?? this.command(command);
      session.results.set(number, result);
      return result;
    });
  }

  expireSessions(): void {
    this.sessions.clear();
    this.nonces.clear();
  }

  range(request: RangeRequest): RangeResult {
    const matches = (key: ByteString): boolean =>
      request.rangeEnd === ''
        ? key === request.key
        : key >= request.key && (request.rangeEnd === '\0' || key < request.rangeEnd);
    const values = [...this.keys.values()].filter(({ key }) => matches(key));
    return { kind: 'range', revision: revision(this.revision), values, count: values.length, more: false };
  }

  private command(command: Command): CommandResult {
    if (this.keepsHistory) this.kinds.push(command.kind);
    switch (command.kind) {
      case 'put':
        this.revision++;
        return this.put(command);
      case 'deleteRange': {
        const request = { key: command.key, rangeEnd: command.rangeEnd } as RangeRequest;
        const { values } = this.range(request);
        if (values.length > 0) this.revision++;
        for (const { key } of values) this.remove(key);
        const previous = command.previous ? values : [];
        return { kind: 'deleteRange', revision: revision(this.revision), deleted: values.length, previous };
      }
      case 'txn': {
        const succeeded = command.compares.every((compare) => {
          const found = this.keys.get(compare.key);
          if (compare.target === 'value') return found?.value === compare.value;
          return compare.target === 'version' && (found?.version ?? 0) === compare.number;
        });
        const operations = succeeded ? command.success : command.failure;
        if (operations.some(({ kind }) => kind === 'put')) this.revision++;
        const responses = operations.map((operation): OperationResult => {
          if (operation.kind === 'range') return this.range(operation);
          if (operation.kind === 'put') return this.put(operation);
          if (operation.kind === 'txn') return this.command(operation) as OperationResult;
          throw new Error(`not in the fake: ${operation.kind}`);
        });
        return { kind: 'txn', revision: revision(this.revision), succeeded, responses };
      }
      case 'compact':
        this.compacted = command.revision;
        return { kind: 'compact', revision: revision(this.revision) };
      case 'leaseGrant': {
        const id = command.id === 0n ? leaseId(BigInt(1000 + this.nextId++)) : command.id;
        this.leases.set(id, command.ttlMs);
        return { kind: 'leaseGrant', id, ttlMs: command.ttlMs };
      }
      case 'leaseRevoke':
        if (this.leases.delete(command.id)) return { kind: 'leaseRevoke' };
        return { kind: 'failed', code: 'lease-not-found', message: `no lease ${command.id}` };
      case 'leaseKeepAlive':
        return { kind: 'leaseKeepAlive', ttlMs: command.ids.map((id) => this.leases.get(id) ?? 0) };
      case 'alarm':
        return { kind: 'alarm', alarms: [] };
      case 'predict':
        return { kind: 'failed', code: 'invalid-argument', message: 'only nodes predict' };
      case 'setPolicy':
        this.policies.add(command.prefix);
        return { kind: 'setPolicy' };
      case 'removePolicy':
        if (this.policies.delete(command.prefix)) return { kind: 'removePolicy' };
        return { kind: 'failed', code: 'policy-not-found', message: 'no policy for exactly this prefix' };
      case 'openSession': {
        const id = this.nonces.get(command.nonce) ?? sessionId(this.nextId++);
        this.nonces.set(command.nonce, id);
        if (!this.sessions.has(id)) this.sessions.set(id, { through: 0, results: new Map() });
        return { kind: 'openSession', id };
      }
      case 'closeSession':
        this.sessions.delete(command.id);
        return { kind: 'closeSession' };
      case 'keepSessions':
        return { kind: 'keepSessions' };
    }
  }

  private put(command: PutCommand): OperationResult & { kind: 'put' } {
    const at = revision(this.revision);
    const before = this.keys.get(command.key);
    const { key, value, lease } = command;
    const createRevision = before?.createRevision ?? at;
    const version = (before?.version ?? 0) + 1;
    this.keys.set(key, { key, value, createRevision, modRevision: at, version, lease });
    if (this.keepsHistory) this.record({ op: 'put', key, value, lease, createRevision, version }, before);
    return { kind: 'put', revision: at, previous: command.previous ? (before ?? null) : null };
  }

  private remove(key: ByteString): void {
    const before = this.keys.get(key);
    this.keys.delete(key);
    const gone = { op: 'delete', key, value: '' as ByteString, lease: leaseId(0n), version: 0 } as const;
    this.record({ ...gone, createRevision: revision(0) }, before);
  }

  private record(
    change: Pick<StateDelta, 'op' | 'key' | 'value' | 'lease' | 'createRevision' | 'version'>,
    before: KeyValue | undefined,
  ): void {
    const sub = this.deltas.at(-1)?.revision === this.revision ? (this.deltas.at(-1)?.sub ?? 0) + 1 : 0;
    const at = {
      epoch: 1,
      revision: revision(this.revision),
      sub,
      timeMs: clusterTimeMs(0),
      space: 'user',
    } as const;
    const delta: StateDelta = { ...at, ...change, previous: before ?? null };
    this.deltas.push(delta);
    this.onDelta?.(delta);
  }
}
