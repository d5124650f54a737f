import { limits } from '../../../foundation/limits.ts';
import type { WatchedChange } from '../../../node/node.ts';
import { changeBytes } from '../../../state/watch-hub.ts';

export interface EventParts {
  /** Everything up to here is in this part or in an earlier one, unless it is a fragment. */
  readonly revision: number;
  readonly events: readonly WatchedChange[];
  /** The response goes on in the next part. */
  readonly isFragment: boolean;
}

export interface PartBytes {
  /** Whole revisions are put together up to this. */
  readonly together: number;
  /** etcd's limit of a response to one who takes fragments: its largest request, and 512 KiB. */
  readonly fragment: number;
  /** A revision stays in one response up to this even for those who don't. */
  readonly whole: number;
}

export const partBytes: PartBytes = {
  together: limits.watchMessageBytes,
  fragment: 2 * 1024 * 1024,
  whole: limits.messageBytes,
};

/**
 * Events in responses of bearable size. A revision's events stay in one, as in etcd; one that is too large is in several, as fragments
 * where the client takes those. `through`: nothing up to this revision is missing after the last event.
 */
export function partsOf(
  events: readonly WatchedChange[],
  through: number,
  takesFragments: boolean,
  bytes: PartBytes,
): readonly EventParts[] {
  const parts: EventParts[] = [];
  let first = 0;
  let size = 0;
  for (let i = 0; i < events.length; ) {
    const revisionOf = (events[i] as WatchedChange).delta.revision;
    let end = i;
    let own = 0;
    while (end < events.length && (events[end] as WatchedChange).delta.revision === revisionOf)
      own += changeBytes(events[end++] as WatchedChange);
    if (first < i && size + own > bytes.together) {
      parts.push(whole(events, first, i));
      first = i;
      size = 0;
    }
    size += own;
    const most = takesFragments ? bytes.fragment : bytes.whole;
    if (own > most) {
      splitRevision(events, i, end, most, takesFragments, parts);
      first = end;
      size = 0;
    }
    i = end;
  }
  if (first < events.length) parts.push(whole(events, first, events.length));
  const last = parts.pop();
  if (last !== undefined) parts.push({ revision: through, events: last.events, isFragment: false });
  return parts;
}

function whole(events: readonly WatchedChange[], from: number, to: number): EventParts {
  const { delta } = events[to - 1] as WatchedChange;
  return { revision: delta.revision, events: events.slice(from, to), isFragment: false };
}

/** Without fragments only the last part says that the revision is there, so that who loses the connection asks for all of it again. */
function splitRevision(
  events: readonly WatchedChange[],
  from: number,
  to: number,
  most: number,
  takesFragments: boolean,
  parts: EventParts[],
): void {
  const { revision } = (events[from] as WatchedChange).delta;
  let first = from;
  let size = 0;
  for (let i = from; i < to; i++) {
    const own = changeBytes(events[i] as WatchedChange);
    if (i > first && size + own > most) {
      parts.push({
        revision: takesFragments ? revision : revision - 1,
        events: events.slice(first, i),
        isFragment: takesFragments,
      });
      first = i;
      size = 0;
    }
    size += own;
  }
  parts.push({ revision, events: events.slice(first, to), isFragment: false });
}
