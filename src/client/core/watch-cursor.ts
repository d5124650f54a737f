import { type Revision, revision } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { WatchBatch, WatchEvent } from '../../ports/state-client.ts';

interface Reply {
  readonly revision: Revision;
  readonly events: readonly WatchEvent[];
  readonly created: boolean;
}

/**
 * Where one watch stands, so that it goes on over the loss of streams and leaders with neither a gap nor a double. `from`: the first
 * revision not yet delivered; 0 until the first reply says where the present is.
 */
export class WatchCursor {
  from: Revision;
  /** Events of revisions that may not be whole yet. */
  private held: WatchEvent[] = [];

  constructor(from: Revision) {
    this.from = from;
  }

  /** What to ask for on a new stream. */
  resume(): Revision {
    this.held = [];
    if (this.from === 0) return this.from;
    if (mutant.active === 'drop-watch-event-at-resume') return revision(this.from + 1);
    if (mutant.active === 'watch-duplicate-at-resume') return revision(Math.max(1, this.from - 1));
    return this.from;
  }

  /** The whole revisions that the reply completes, or a bookmark; null when it brings no news. */
  take(reply: Reply): WatchBatch | null {
    if (this.from > 0) return reply.created && reply.events.length === 0 ? null : this.advance(reply);
    // From the present on: the first reply says where that is, whether it confirms the watch or brings events already.
    const first = reply.events[0];
    this.from = first === undefined ? revision(reply.revision + 1) : first.keyValue.modRevision;
    return first === undefined ? { revision: reply.revision, events: [] } : this.advance(reply);
  }

  private advance(reply: Reply): WatchBatch | null {
    const isNew = (event: WatchEvent): boolean =>
      event.keyValue.modRevision >= this.from || mutant.active === 'watch-duplicate-at-resume';
    const known = this.held.concat(reply.events.filter(isNew));
    if (reply.revision < this.from && mutant.active !== 'watch-duplicate-at-resume') {
      this.held = known;
      return null;
    }
    const isWhole = (event: WatchEvent): boolean => event.keyValue.modRevision <= reply.revision;
    this.held = known.filter((event) => !isWhole(event));
    this.from = revision(Math.max(this.from, reply.revision + 1));
    return { revision: reply.revision, events: known.filter(isWhole) };
  }
}
