import type { NodeId } from '../../foundation/ids.ts';
import { LinkKeeper } from '../../node/topology/link-keeper.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { LinkMeasurement } from '../../ports/replication.ts';
import { GrpcLinkProbe } from '../../transport/link-probe.ts';
import { systemClock } from '../system-clock.ts';

type Located = Pick<MemberFacts, 'id' | 'client' | 'tier'>;

const lookEveryMs = 500;

/** How far the hot nodes are from one beyond the quorum: measured by probes, since nothing of its own travels to all of them. */
export class MeasuredLinks {
  readonly #self: NodeId;
  readonly #keeper: LinkKeeper;
  readonly #timer: NodeJS.Timeout;
  #members: readonly Located[];

  constructor(self: NodeId, configured: readonly Located[]) {
    this.#self = self;
    this.#members = configured;
    this.#keeper = new LinkKeeper({
      clock: systemClock,
      targets: () => this.#members.filter(({ id, tier }) => tier === 'hot' && id !== this.#self),
      roundTripMs: () => null,
      bytesPerSecond: () => null,
      probe: new GrpcLinkProbe(systemClock),
      busy: () => false,
    });
    this.#timer = setInterval(() => this.#keeper.look(), lookEveryMs);
    this.#timer.unref();
  }

  /** The members are these now. */
  members(members: readonly Located[]): void {
    this.#members = members;
  }

  get latest(): readonly LinkMeasurement[] {
    return this.#keeper.links;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
