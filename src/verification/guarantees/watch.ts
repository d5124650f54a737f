import type { TrueEvent, Truth } from '../truth.ts';
import type { Violation, Violations } from '../violation.ts';

export interface SeenEvent extends TrueEvent {
  /** Undefined: not asked for. Null: said to have been absent. */
  readonly previous?: string | null;
}

/** What one watcher received, over all its resumptions. */
export interface SeenWatch {
  readonly name: string;
  readonly matches: (key: string) => boolean;
  /** The first revision that it must get. */
  readonly fromRevision: number;
  /** In order of arrival. Empty `events`: a bookmark. */
  readonly batches: readonly { readonly revision: number; readonly events: readonly SeenEvent[] }[];
}

/**
 * etcd's watch guarantees: ordered, unique, atomic (a revision is never split), reliable and resumable (nothing between the first and the last
 * revision is missing), bookmarked (nothing at or below a bookmark comes after it); previous values are right.
 */
export function checkWatch(watch: SeenWatch, truth: Truth): Violations {
  const violations: Violation[] = [];
  const report = (check: string, detail: string): void => {
    violations.push({ check: `watch-${check}`, detail: `${watch.name}: ${detail}` });
  };
  let reached = watch.fromRevision - 1;
  for (const batch of watch.batches) {
    if (batch.events.length === 0 && batch.revision < reached) {
      report('bookmark', `bookmark ${batch.revision} after ${reached}`);
    }
    let last = reached;
    for (const event of batch.events) {
      if (event.revision <= reached) {
        const twice = truth.at(event.revision).some((each) => each.key === event.key);
        report(
          twice ? 'unique' : 'ordered',
          `event of revision ${event.revision} after ${reached} was complete`,
        );
      } else if (event.revision < last) {
        report('ordered', `revision ${event.revision} after ${last} in one batch`);
      }
      last = Math.max(last, event.revision);
    }
    if (batch.events.length > 0 && last > batch.revision) {
      report('bookmark', `event of revision ${last} in a batch up to ${batch.revision}`);
    }
    const upTo = Math.max(batch.revision, last);
    compare(watch, truth, reached + 1, upTo, batch.events, report);
    reached = Math.max(reached, upTo);
  }
  return violations;
}

function compare(
  watch: SeenWatch,
  truth: Truth,
  from: number,
  to: number,
  seen: readonly SeenEvent[],
  report: (check: string, detail: string) => void,
): void {
  const unexplained = new Map<string, SeenEvent>();
  for (const event of seen) {
    if (event.revision < from) continue;
    const name = `${event.revision} ${event.key}`;
    if (unexplained.has(name)) report('unique', `${event.key} twice at revision ${event.revision}`);
    unexplained.set(name, event);
  }
  for (const events of truth.between(from, to)) {
    for (const event of events) {
      if (!watch.matches(event.key)) continue;
      const name = `${event.revision} ${event.key}`;
      const found = unexplained.get(name);
      unexplained.delete(name);
      if (found === undefined) {
        report(
          'reliable',
          `${event.type} of ${event.key} at revision ${event.revision} is missing up to ${to}`,
        );
        continue;
      }
      if (found.type !== event.type || found.value !== event.value) {
        report('right', `at revision ${event.revision} saw ${show(found)}, was ${show(event)}`);
      }
      if (found.previous === undefined) continue;
      const before = truth.keyAt(event.key, event.revision - 1);
      const was = before?.type === 'put' ? before.value : null;
      if (found.previous !== was) {
        report('previous', `at revision ${event.revision} previous ${found.previous}, was ${was}`);
      }
    }
  }
  for (const event of unexplained.values()) report('right', `${show(event)} never happened`);
}

function show({ type, key, value, revision }: TrueEvent): string {
  return `${type} ${key}=${value} @${revision}`;
}
