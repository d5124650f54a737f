import type { ByteString } from '../../../src/foundation/bytes.ts';
import { type noLease, revision } from '../../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../../src/foundation/limits.ts';
import { type Random, seededRandom } from '../../../src/foundation/random.ts';
import type { Command, RangeRequest } from '../../../src/ports/command.ts';
import type { Space } from '../../../src/ports/delta.ts';
import type { Held, StreamPart } from '../../../src/ports/replication.ts';
import type { RangeResult } from '../../../src/ports/result.ts';
import { type LatestSource, latestParts } from '../../../src/replication/source/latest-parts.ts';
import { completeRange, createStateMachine } from '../../../src/state/state-machine.ts';
import { compact, del, grant, Log, put, range, txn } from '../../state/commands.ts';
import { MemoryImage } from '../../state/memory-history.ts';

/** A hot replica's state without a node around it. */
export class Hot {
  readonly state = createStateMachine({ limits: defaultRequestLimits });
  readonly log = new Log(this.state);
  readonly image = new MemoryImage();
  readonly random: Random;
  epoch = 0;
  /** Runs between two turns of a reader. */
  between: () => void = () => {};
  #lease = 0n;

  constructor(seed: number | string = 1) {
    this.random = seededRandom(seed);
  }

  apply(...commands: readonly Command[]): void {
    this.log.apply(...commands);
    this.state.takeDeltas();
    this.image.append(this.state.takeImageBatch());
  }

  source(): LatestSource {
    return {
      state: this.state,
      history: this.state.history(this.image.history),
      nextTurn: async () => this.between(),
      lineage: () => ({ clusterId: 'test', epoch: this.epoch }),
      refusal: () => null,
      members: () => [],
      leaderRevisions: () => ({
        user: this.state.revision('user'),
        planes: this.state.revision('planes'),
        system: this.state.revision('system'),
        predicted: this.state.revision('predicted'),
      }),
    };
  }

  latest(held: Held | null): AsyncIterable<StreamPart> {
    return latestParts(this.source(), held);
  }

  async parts(held: Held | null): Promise<StreamPart[]> {
    const parts: StreamPart[] = [];
    for await (const part of this.latest(held)) parts.push(part);
    return parts;
  }

  async read(request: RangeRequest): Promise<RangeResult> {
    const answer = this.state.range(request);
    const result =
      answer.kind === 'needsHistory'
        ? await completeRange(answer, this.state.history(this.image.history))
        : answer;
    if (result.kind !== 'range') throw new Error(result.message);
    return result;
  }

  /** Keys of few characters and few names, with zero bytes and high ones, so that they meet. */
  #key(): ByteString {
    const letters = ['a', 'b', '\0', '\u00ff', '\u0001'];
    let key = '';
    for (let n = 1 + this.random.below(3); n > 0; n--) key += this.random.pick(letters);
    return key as ByteString;
  }

  step(space: Space = this.random.pick(['user', 'user', 'user', 'planes', 'system'] as const)): void {
    const { random } = this;
    const value = { value: `v${random.below(1000)}`.repeat(1 + random.below(4)) as ByteString };
    const kind = random.below(10);
    if (kind < 5) this.apply(put('k', '', { space, key: this.#key(), ...value }));
    else if (kind < 7) this.apply(del('k', '', { space, key: this.#key() }));
    else if (kind === 7) this.apply(del('k', '', { space, key: this.#key(), rangeEnd: this.#key() }));
    else if (kind === 8) {
      const [key, end] = [this.#key(), '\0' as ByteString];
      const both = [put('k', '', { space, key, ...value }), del('k', '', { space, key, rangeEnd: end })];
      this.apply(txn([], random.chance(0.5) ? both : both.reverse(), [], space));
    } else {
      this.apply(grant(++this.#lease, 10_000));
      this.apply(put('k', '', { space, key: this.#key(), ...value, lease: this.#lease as typeof noLease }));
    }
  }

  compactTo(space: Space, at: number): void {
    if (at <= this.state.compacted(space)) return;
    this.apply(compact(at, space));
    // The shards that a compaction left are swept an entry each.
    for (let i = 0; i < 64; i++) this.apply();
    this.image.reclaim((space_, key, revision_) => this.state.isLive(space_, key, revision_));
  }

  /** Any request that etcd allows. */
  request(space: Space, at: number): RangeRequest {
    const { random } = this;
    const bound = (): ReturnType<typeof revision> =>
      revision(random.chance(0.8) ? 0 : random.below(this.state.revision(space) + 1));
    return range('k', '', {
      space,
      key: this.#key(),
      rangeEnd: random.pick(['', '\0', 'b', '\u00ff', this.#key()]) as ByteString,
      limit: random.chance(0.5) ? 0 : random.below(5),
      order: random.pick(['none', 'ascend', 'descend'] as const),
      target: random.pick(['key', 'version', 'create', 'mod', 'value'] as const),
      keysOnly: random.chance(0.2),
      countOnly: random.chance(0.2),
      minModRevision: bound(),
      maxModRevision: bound(),
      minCreateRevision: bound(),
      maxCreateRevision: bound(),
      revision: revision(at),
    });
  }
}

export const allOf = (space: Space, at = 0): RangeRequest =>
  range('k', '', { space, key: '\0' as ByteString, rangeEnd: '\0' as ByteString, revision: revision(at) });
