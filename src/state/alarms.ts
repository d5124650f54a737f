import type { NodeId } from '../foundation/ids.ts';
import { type Alarm, type AlarmCommand, type AlarmKind, alarmKinds } from '../ports/command.ts';
import type { CommandResult } from '../ports/result.ts';
import { RecordDigest } from './records/record-digest.ts';

const alarmRecord = 3;

/**
 * Alarms that are on, each of a member. As in etcd, `noSpace` refuses what takes space and `corrupt` (replicas differ, and no majority is right)
 * all writes, until they are disarmed.
 */
export class Alarms {
  readonly #on = new Map<string, Alarm>();
  readonly #dirty = new Set<string>();
  readonly digest = new RecordDigest<string>((key) =>
    this.#on.has(key) ? [alarmRecord, key, 0, 0, 0, 0, 0] : null,
  );
  /** Whether any member has no space. A field: every put looks at it. */
  noSpace = false;
  /** Whether any member's state is in dispute. */
  corrupt = false;

  /** The alarms that this turned on or off. */
  apply({ action, member, alarm }: AlarmCommand): CommandResult {
    const key = keyOf({ member, kind: alarm });
    if (action === 'activate') {
      this.#set(key, { member, kind: alarm });
      return { kind: 'alarm', alarms: [{ member, kind: alarm }] };
    }
    const gone = this.list().filter((on) => on.kind === alarm && (member === '' || on.member === member));
    for (const on of gone) this.#set(keyOf(on), null);
    return { kind: 'alarm', alarms: gone };
  }

  isCorrupt(member: NodeId): boolean {
    return this.#on.has(keyOf({ member, kind: 'corrupt' }));
  }

  /** In order of kind, then member. */
  list(): readonly Alarm[] {
    return [...this.#on.keys()].sort().flatMap((key) => this.#on.get(key) ?? []);
  }

  /** A member is gone: so are its alarms. */
  forget(member: NodeId): void {
    for (const alarm of this.list()) if (alarm.member === member) this.#set(keyOf(alarm), null);
  }

  restore(key: string): boolean {
    const [kind, member] = key.split('/');
    const known = alarmKinds.find((name) => name === kind);
    if (known === undefined || member === undefined) return false;
    this.#set(key, { member: member as NodeId, kind: known });
    this.#dirty.delete(key);
    return true;
  }

  takeDirty(): readonly { readonly key: string; readonly on: boolean }[] {
    const dirty = [...this.#dirty].map((key) => ({ key, on: this.#on.has(key) }));
    this.#dirty.clear();
    return dirty;
  }

  #set(key: string, alarm: Alarm | null): void {
    if (alarm === null) this.#on.delete(key);
    else this.#on.set(key, alarm);
    this.#dirty.add(key);
    this.digest.touch(key);
    this.corrupt = this.list().some(({ kind }) => kind === 'corrupt');
    this.noSpace = this.list().some(({ kind }) => kind === 'noSpace');
  }
}

function keyOf({ member, kind }: { readonly member: NodeId; readonly kind: AlarmKind }): string {
  return `${kind}/${member}`;
}
