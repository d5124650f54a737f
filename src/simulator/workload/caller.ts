import { textOf } from '../../foundation/bytes.ts';
import type { TanistError } from '../../foundation/errors.ts';
import { type LeaseId, noLease, revision } from '../../foundation/ids.ts';
import type { Random } from '../../foundation/random.ts';
import type { ReadOutcome, TanistNode } from '../../node/node.ts';
import type { Command, RangeRequest } from '../../ports/command.ts';
import type { CommandResult, RangeResult } from '../../ports/result.ts';
import type { RegisterInput, RegisterOutput } from '../../verification/register/register.ts';
import type { Findings } from '../checks/findings.ts';
import type { Machine } from '../machine.ts';
import type { Plan, WorkloadMix } from '../plan/plan.ts';
import type { Scheduler } from '../world/scheduler.ts';
import { deleteKey, hasValue, put, range, txn, wasModifiedAt } from './commands.ts';
import type { RecordedLease, Recorder } from './recorder.ts';
import type { SimClient } from './sim-client.ts';

export interface CallerParts {
  readonly name: string;
  readonly client: SimClient;
  readonly plan: Plan;
  readonly random: Random;
  readonly recorder: Recorder;
  readonly findings: Findings;
  readonly scheduler: Scheduler;
  readonly machines: readonly Machine[];
}

/** Keys with this prefix have the policy `acknowledge: leader`. */
export const earlyPrefix = 'early/';

/** One caller: one call at a time, drawn by the mix, each recorded with what became of it. */
export class Caller {
  readonly #parts: CallerParts;
  readonly #choices: readonly (readonly [keyof WorkloadMix, number])[];
  readonly #total: number;
  #count = 0;
  #stopped = false;
  #known = new Map<string, { readonly value: string | null; readonly revision: number }>();

  constructor(parts: CallerParts) {
    this.#parts = parts;
    this.#choices = Object.entries(parts.plan.mix) as [keyof WorkloadMix, number][];
    this.#total = this.#choices.reduce((sum, [, weight]) => sum + weight, 0);
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  start(): void {
    this.#later();
  }

  /** No further calls. */
  stop(): void {
    this.#stopped = true;
  }

  #later(): void {
    const { scheduler, random, plan } = this.#parts;
    scheduler.after(random.next() * 2 * plan.thinkMs, () => {
      if (!this.#stopped) this.#call();
    });
  }

  #call(): void {
    const { random, plan } = this.#parts;
    const key = `r${random.below(plan.keys)}`;
    switch (this.#choose()) {
      case 'get':
        this.#get(key);
        break;
      case 'followerGet':
        this.#followerGet(key);
        break;
      case 'serializableGet':
        this.#serializableGet(key);
        break;
      case 'put':
        this.#put(plan.early && random.chance(0.3) ? `${earlyPrefix}${key}` : key);
        break;
      case 'delete':
        this.#register({ kind: 'delete', key }, deleteKey(key));
        break;
      case 'cas':
        this.#cas(key);
        break;
      case 'pair':
        this.#pair(`p${random.below(2)}`);
        break;
      case 'readPair':
        this.#readPair(`p${random.below(2)}`);
        break;
      case 'lease':
        this.#lease();
        break;
      case 'compact':
        this.#compact();
        break;
      case 'past':
        this.#past(key);
    }
  }

  #choose(): keyof WorkloadMix {
    let roll = this.#parts.random.next() * this.#total;
    for (const [kind, weight] of this.#choices) {
      roll -= weight;
      if (roll < 0) return kind;
    }
    return 'put';
  }

  #value(): string {
    return `${this.#parts.name}-${this.#count++}`;
  }

  #put(key: string): void {
    const value = this.#value();
    this.#register({ kind: 'put', key, value }, put(key, value));
  }

  #cas(key: string): void {
    const known = this.#known.get(key) ?? { value: null, revision: 0 };
    const value = this.#value();
    if (this.#parts.random.chance(0.5)) {
      const command = txn([hasValue(key, known.value)], [put(key, value)]);
      this.#register({ kind: 'cas', key, expected: known.value, value }, command);
    } else {
      const expected = known.value === null ? 0 : known.revision;
      const command = txn([wasModifiedAt(key, expected)], [put(key, value)]);
      this.#register({ kind: 'casRevision', key, expected, value }, command);
    }
  }

  /** A write to one key, in the history of registers. */
  #register(input: RegisterInput, command: Command): void {
    const { recorder, name } = this.#parts;
    const operation = recorder.registers.invoke(name, input);
    const called = recorder.moment();
    this.#submit(command, input.key, (result, error) => {
      if (error !== null) {
        if (error.indeterminate) recorder.registers.indeterminate(operation);
        else recorder.registers.fail(operation);
        return;
      }
      if (result.kind === 'failed') {
        recorder.registers.fail(operation);
        return;
      }
      const output = outputOf(result);
      recorder.registers.ok(operation, output);
      this.#wrote(operation, input, output, result, called);
    });
  }

  #wrote(
    operation: number,
    input: RegisterInput,
    output: RegisterOutput,
    result: CommandResult,
    called: number,
  ): void {
    const { recorder } = this.#parts;
    if (!('revision' in result)) return;
    const at = result.revision;
    const changed =
      output.kind === 'put' ||
      (output.kind === 'deleted' && output.found) ||
      (output.kind === 'swapped' && output.succeeded);
    recorder.observe(changed ? 'write' : 'read', operation, at, called);
    if (!changed) return;
    const value = 'value' in input ? input.value : '';
    const type = input.kind === 'delete' ? 'delete' : 'put';
    recorder.writes.push({ operation, revision: at, type, key: input.key, value });
    this.#known.set(input.key, { value: type === 'put' ? value : null, revision: at });
  }

  #get(key: string): void {
    const { recorder, name } = this.#parts;
    const operation = recorder.registers.invoke(name, { kind: 'get', key });
    const called = recorder.moment();
    this.#read(range(key), (result) => {
      if (result === null) {
        recorder.registers.fail(operation);
        return;
      }
      this.#gotIt(key, operation, called, result);
    });
  }

  #gotIt(key: string, operation: number, called: number, result: RangeResult): void {
    const { recorder } = this.#parts;
    const value = answered(result);
    const at = result.values[0]?.modRevision ?? null;
    recorder.registers.ok(operation, { kind: 'got', value, revision: at });
    recorder.observe('read', operation, result.revision, called);
    recorder.datedReads.push({ key, revision: result.revision, value });
    this.#known.set(key, { value, revision: at ?? 0 });
  }

  /** Linearizable at whatever replica is asked (ReadIndex through the leader). Without an answer, as after a crash, it says nothing. */
  #followerGet(key: string): void {
    const { machines, random, recorder, name, scheduler, plan } = this.#parts;
    const isCalm = scheduler.nowMs >= plan.safetyMs;
    // One that was removed for good answers nobody, one beyond the quorum not this: in the liveness phase callers would wait for them and do nothing else.
    const asked = machines.filter(({ idle, member }) => !idle && !(isCalm && member?.beyond));
    const machine = random.pick(asked);
    const { node, life } = machine;
    const operation = recorder.registers.invoke(name, { kind: 'get', key });
    const called = recorder.moment();
    let over = false;
    const next = (): void => {
      if (!over) this.#later();
      over = true;
    };
    scheduler.after(this.#parts.plan.callDeadlineMs, next);
    life?.enter(() =>
      node?.read(range(key), 'linearizable', (outcome) => {
        if (life.dead || over) return;
        this.#checkServes(node, outcome);
        if (outcome instanceof Error) recorder.registers.fail(operation);
        else this.#gotIt(key, operation, called, outcome);
        next();
      }),
    );
  }

  /** Promise 6: who doubts its state serves nothing. */
  #checkServes(node: TanistNode, outcome: ReadOutcome): void {
    const { doubt } = node;
    if (doubt === null || outcome instanceof Error) return;
    this.#parts.findings.report('quarantined-serves', `${node.id} answers a read, although ${doubt}`);
  }

  /** Of any replica: some past state, and it says which. */
  #serializableGet(key: string): void {
    const { machines, random, recorder } = this.#parts;
    const machine = random.pick(machines);
    const { node, life } = machine;
    life?.enter(() =>
      node?.read(range(key), 'serializable', (outcome) => {
        this.#checkServes(node, outcome);
        if (outcome instanceof Error) return;
        recorder.datedReads.push({ key, revision: outcome.revision, value: answered(outcome) });
      }),
    );
    this.#later();
  }

  #past(key: string): void {
    const { random, recorder } = this.#parts;
    const at = Math.max(1, recorder.lastRevision - random.below(30));
    this.#read(range(key, '', at), (result) => {
      if (result !== null) recorder.datedReads.push({ key, revision: at, value: answered(result) });
    });
  }

  /** Two keys that are always equal: put together, and now and then deleted together. */
  #pair(key: string): void {
    const { recorder } = this.#parts;
    const value = this.#value();
    if (this.#count % 4 === 0) {
      const begun = recorder.moment();
      this.#submit(deleteKey(`${key}a`, `${key}c`), key, (result, error) => {
        if (error !== null || result.kind !== 'deleteRange' || result.deleted === 0) return;
        recorder.observe('write', -1, result.revision, begun);
        for (const half of ['a', 'b'])
          recorder.writes.push({
            operation: -1,
            revision: result.revision,
            type: 'delete',
            key: `${key}${half}`,
            value: '',
          });
      });
      return;
    }
    const called = recorder.moment();
    this.#submit(txn([], [put(`${key}a`, value), put(`${key}b`, value)]), key, (result, error) => {
      if (error !== null || result.kind !== 'txn') return;
      recorder.observe('write', -1, result.revision, called);
      for (const half of ['a', 'b']) {
        recorder.writes.push({
          operation: -1,
          revision: result.revision,
          type: 'put',
          key: `${key}${half}`,
          value,
        });
      }
    });
  }

  #readPair(key: string): void {
    const { recorder, findings } = this.#parts;
    const called = recorder.moment();
    this.#read(range(`${key}a`, `${key}c`), (result) => {
      if (result === null) return;
      recorder.observe('read', -1, result.revision, called);
      const [a, b] = result.values;
      if (a?.value !== b?.value || a?.modRevision !== b?.modRevision) {
        findings.report('transaction-atomic', `${key} at ${result.revision}: ${a?.value} and ${b?.value}`);
      }
    });
  }

  #compact(): void {
    const { random, recorder } = this.#parts;
    const at = recorder.lastRevision - random.below(20);
    if (at < 2) {
      this.#later();
      return;
    }
    this.#submit({ kind: 'compact', space: 'user', revision: revision(at) }, '', () => {});
  }

  #lease(): void {
    const { random, recorder, scheduler } = this.#parts;
    const ttlMs = 300 + random.below(1500);
    const calledMs = scheduler.nowMs;
    this.#submit({ kind: 'leaseGrant', id: noLease, ttlMs }, '', (result, error) => {
      if (error !== null || result.kind !== 'leaseGrant') return;
      const lease: RecordedLease = {
        lease: String(result.id),
        key: `l${result.id}`,
        ttlMs: result.ttlMs,
        renewals: [{ calledMs, returnedMs: scheduler.nowMs, ok: true }],
        putRevision: null,
        revoked: false,
      };
      recorder.leases.push(lease);
      this.#useLease(lease, result.id, random.below(4));
    });
  }

  #useLease(lease: RecordedLease, id: LeaseId, renewals: number): void {
    const { scheduler } = this.#parts;
    this.#submit(
      put(lease.key, 'held', id),
      '',
      (result) => {
        if (result.kind !== 'put') return;
        lease.putRevision = result.revision;
        for (let i = 1; i <= renewals; i++) {
          scheduler.after((i * lease.ttlMs) / 3, () => this.#renew(lease, id));
        }
      },
      false,
    );
  }

  #renew(lease: RecordedLease, id: LeaseId): void {
    const { scheduler } = this.#parts;
    const renewal = { calledMs: scheduler.nowMs, returnedMs: Number.POSITIVE_INFINITY, ok: false };
    lease.renewals.push(renewal);
    const answered = (ok: boolean): void => {
      renewal.returnedMs = scheduler.nowMs;
      renewal.ok = ok;
    };
    // Every second one as the client library does it, the others as commands of the session: both are there.
    if (lease.renewals.length % 2 === 0) {
      this.#renewAtLeader(id, answered);
      return;
    }
    this.#submit(
      { kind: 'leaseKeepAlive', ids: [id] },
      '',
      (result, error) => {
        if (error?.indeterminate === true) return;
        answered(result.kind === 'leaseKeepAlive' && (result.ttlMs[0] ?? 0) > 0);
      },
      false,
    );
  }

  /** Outside the session, gathered by whom the client holds for the leader; without an answer it says nothing. */
  #renewAtLeader(id: LeaseId, answered: (ok: boolean) => void): void {
    const { client, machines } = this.#parts;
    const leader = client.core.router.routing?.leader;
    const machine = machines.find((each) => each.id === leader);
    const life = machine?.life;
    life?.enter(() =>
      machine?.node?.keepAlive(id, (outcome) => {
        if (!life.dead && !(outcome instanceof Error)) answered(outcome > 0);
      }),
    );
  }

  /** `done` gets the result, or the error and a result that says nothing. Then the next call is due, if this one was the caller's own. */
  #submit(
    command: Command,
    key: string,
    done: (result: CommandResult, error: TanistError | null) => void,
    own = true,
  ): void {
    const { client, plan, recorder, findings } = this.#parts;
    client.command(command, plan.callDeadlineMs, command.kind === 'put', {
      command: ({ result, error }) => {
        if (error === null) recorder.answered++;
        else if (error.indeterminate) recorder.unknown++;
        else recorder.refused++;
        done(result ?? nothing, error);
        if (own) this.#later();
      },
      read: () => {},
      early: () => {
        if (!key.startsWith(earlyPrefix)) {
          findings.report('early-without-policy', `a put of ${key} was acknowledged before the quorum`);
        }
      },
    });
  }

  #read(request: RangeRequest, done: (result: RangeResult | null) => void): void {
    const { client, plan, recorder } = this.#parts;
    client.read(request, false, plan.callDeadlineMs, {
      command: () => {},
      read: ({ result }) => {
        if (result === null) recorder.refused++;
        else recorder.answered++;
        done(result);
        this.#later();
      },
      early: () => {},
    });
  }
}

const nothing: CommandResult = { kind: 'failed', code: 'unavailable', message: 'no answer' };

function outputOf(result: CommandResult): RegisterOutput {
  switch (result.kind) {
    case 'put':
      return { kind: 'put', revision: result.revision };
    case 'deleteRange':
      return { kind: 'deleted', found: result.deleted > 0 };
    case 'txn':
      return {
        kind: 'swapped',
        succeeded: result.succeeded,
        revision: result.succeeded ? result.revision : null,
      };
    default:
      throw new RangeError(`no register answers ${result.kind}`);
  }
}

function answered(result: RangeResult): string | null {
  const found = result.values[0];
  return found === undefined ? null : textOf(found.value);
}
