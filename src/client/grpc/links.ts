import { TanistError } from '../../foundation/errors.ts';
import { leaderAddressOf, type Routing } from '../../protocol/status/routing.ts';
import { Link, type LinkHandler } from './link.ts';

/** The connections to all members, and to the addresses the user gave: they follow the membership. */
export class Links {
  private readonly seeds: readonly string[];
  private readonly handler: LinkHandler;
  private readonly links = new Map<string, Link>();

  constructor(seeds: readonly string[], handler: LinkHandler) {
    this.seeds = seeds;
    this.handler = handler;
  }

  open(): void {
    for (const address of this.seeds) this.at(address);
  }

  /** Connects to new members and to the leader, and leaves those that are gone. */
  follow(routing: Routing): void {
    const wanted = new Set(this.seeds);
    for (const { clientAddress } of routing.members) if (clientAddress !== '') wanted.add(clientAddress);
    for (const address of wanted) this.at(address);
    const leader = leaderAddressOf(routing);
    if (leader !== null) this.links.get(leader)?.hurry();
    for (const [address, link] of this.links) {
      if (wanted.has(address)) continue;
      this.links.delete(address);
      link.close();
    }
  }

  at(address: string): Link {
    let link = this.links.get(address);
    if (link === undefined) {
      link = new Link(address, this.handler);
      this.links.set(address, link);
    }
    return link;
  }

  /** One that is connected, if there is one of those not to be avoided; none of those that are passed over. */
  anyUp(avoided?: { has(address: string): boolean }, passedOver?: (address: string) => boolean): Link | null {
    let last: Link | null = null;
    for (const link of this.links.values()) {
      if (!link.isUp || passedOver?.(link.address) === true) continue;
      if (avoided?.has(link.address) !== true) return link;
      last ??= link;
    }
    return last;
  }

  /** Why there is no connection; null while one is up or some have not failed yet. */
  failure(): TanistError | null {
    const links = [...this.links.values()];
    if (links.some((link) => link.isUp || link.lastError === null)) return null;
    const foreign = links.filter((link) => link.lastError?.code === 'not-tanist');
    const [first] = foreign;
    // What is refused for now may be a member that is just starting.
    if (first?.lastError && foreign.length === links.length) return first.lastError;
    const each = links.map((link) => link.lastError?.message ?? link.address).join('; ');
    return new TanistError('unavailable', `no endpoint answers: ${each}`);
  }

  /** No answer and no refusal either. */
  silence(waitedMs: number): TanistError {
    const addresses = [...this.links.keys()].join(', ');
    return new TanistError('unavailable', `no answer within ${waitedMs} ms from ${addresses}`);
  }

  close(): void {
    for (const link of this.links.values()) link.close();
    this.links.clear();
  }
}
