import { type ByteString, byteStringOfText } from '../../src/foundation/bytes.ts';
import type { TanistError } from '../../src/foundation/errors.ts';
import { nodeId, revision } from '../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../src/foundation/limits.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import { FeedListeners, type ReplicaFeed } from '../../src/node/beyond/replica-feed.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Command, RangeRequest } from '../../src/ports/command.ts';
import { type NodeLog, silentLog } from '../../src/ports/node-log.ts';
import type {
  FollowRequest,
  KeyRange,
  ReplicaReport,
  ReplicaSource,
  StreamPart,
} from '../../src/ports/replication.ts';
import { warmRanges } from '../../src/replication/critical-ranges.ts';
import { DeltaSource, type DeltaSourceOptions } from '../../src/replication/source/delta-source.ts';
import type { WarmReplicaOptions } from '../../src/replication/warm/warm-options.ts';
import { WarmReplica } from '../../src/replication/warm/warm-replica.ts';
import { Life } from '../../src/simulator/world/life.ts';
import { nodeClock } from '../../src/simulator/world/node-clock.ts';
import { Scheduler } from '../../src/simulator/world/scheduler.ts';
import { createStateMachine, type StateMachine } from '../../src/state/state-machine.ts';
import { Log, range } from '../state/commands.ts';
import { MemoryImage } from '../state/memory-history.ts';
import { MemoryDisk } from '../storage/memory-disk.ts';

export const warmId = nodeId('w');

/** A hot node's state with its history, and what follows it, in simulated time. */
export class WarmWorld {
  readonly scheduler = new Scheduler();
  readonly clock: Clock;
  readonly log: Log;
  readonly image = new MemoryImage();
  readonly listeners = new FeedListeners();
  readonly reports: ReplicaReport[] = [];
  readonly feed: ReplicaFeed;
  lineage = { clusterId: 'c', epoch: 1 };
  refusal: TanistError | null = null;
  /** The state has all that is committed anywhere. */
  isCaughtUp = true;
  failure: unknown = null;

  constructor(seed = 1) {
    const life = new Life('hot', this.scheduler, (error) => {
      this.failure ??= error;
    });
    const time = { originMs: 0, drift: 0, wallOffsetMs: 1e12 };
    this.clock = nodeClock(this.scheduler, life, time, seededRandom(seed));
    this.log = new Log(createStateMachine({ limits: defaultRequestLimits }));
    this.feed = this.feedOf('h');
  }

  get state(): StateMachine {
    return this.log.state;
  }

  /** Another node with the same state. */
  feedOf(id: string): ReplicaFeed {
    const { state } = this.log;
    const facts = { name: '', peer: '', client: 'h:1', http: '', labels: {}, voter: false, learner: false };
    return {
      id: nodeId(id),
      clock: this.clock,
      nodeLog: silentLog,
      state,
      history: state.history(this.image.history),
      listen: (listener) => this.listeners.add(listener),
      lineage: () => this.lineage,
      refusal: () => this.refusal,
      members: () => [
        { ...facts, id: nodeId('h'), tier: 'hot' },
        { ...facts, id: warmId, tier: 'warm' },
      ],
      leaderRevisions: () => revisionsOf(state),
      nextTurn: () => new Promise((resolve) => this.clock.soon(resolve)),
      hasAllCommitted: async () => this.isCaughtUp,
      refusalOfStart: () => null,
      reported: (report) => void this.reports.push(report),
    };
  }

  source(options: Partial<DeltaSourceOptions> = {}): DeltaSource {
    return new DeltaSource({ feed: this.feed, ...options });
  }

  /** One entry, as a node applies it. */
  apply(...commands: readonly Command[]): void {
    this.log.timeMs += 1;
    this.log.apply(...commands);
    const deltas = this.state.takeDeltas();
    const leases = this.state.takeLeaseChanges();
    this.listeners.applied(deltas, leases);
    this.image.append(this.state.takeImageBatch());
    this.image.reclaim((space, key, at) => this.state.isLive(space, key, at));
  }

  run(ms: number, done: () => boolean = () => false): Promise<void> {
    return this.scheduler.run(this.scheduler.nowMs + ms, () => {}, done);
  }

  /** A promise that needs simulated time. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    await this.run(600_000, () => settled);
    return promise;
  }

  async warm(
    sources: readonly ReplicaSource[] | (() => readonly ReplicaSource[]),
    disk: MemoryDisk = new MemoryDisk(),
    options: Partial<WarmReplicaOptions> & { readonly log?: NodeLog } = {},
  ): Promise<WarmReplica> {
    const now = typeof sources === 'function' ? sources : () => sources;
    const replica = await this.until(
      WarmReplica.open({
        id: warmId,
        clock: this.clock,
        nodeLog: options.log ?? silentLog,
        disk,
        requestLimits: defaultRequestLimits,
        directory: {
          offers: async () =>
            now().map((source) => ({ source, leads: source.id === 'h', followers: 0, roundTripMs: 1 })),
          close: () => {},
        },
        ...options,
      }),
    );
    replica.start();
    return replica;
  }

  /** Until the replica has all that there is at present, and all that it is to hold. */
  async caughtUp(replica: WarmReplica): Promise<void> {
    const wanted = JSON.stringify(warmRanges(this.state.policies()));
    await this.run(60_000, () => {
      const { held } = replica.status();
      if (held === null || JSON.stringify(held.revisions) !== JSON.stringify(revisionsOf(this.state)))
        return false;
      return JSON.stringify(held.ranges) === wanted;
    });
  }

  /** What the replica's content is wrong in; empty: nothing. */
  async differences(replica: WarmReplica): Promise<readonly string[]> {
    const found: string[] = [];
    const { held } = replica.status();
    for (const each of held?.ranges ?? []) {
      const request = whole(each);
      const answer = await this.until(Promise.resolve(replica.read(request)));
      const expected = this.state.range(request);
      if (JSON.stringify(strip(answer)) !== JSON.stringify(strip(expected)))
        found.push(
          `${each.space} ${each.key}: ${JSON.stringify(strip(answer))} not ${JSON.stringify(strip(expected))}`,
        );
    }
    return found;
  }
}

export function whole({ space, key, rangeEnd }: KeyRange): RangeRequest {
  return { ...range(''), space, key, rangeEnd };
}

export function strip(answer: unknown): unknown {
  return JSON.parse(
    JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
  );
}

export function revisionsOf(state: StateMachine) {
  return {
    user: state.revision('user'),
    planes: state.revision('planes'),
    system: state.revision('system'),
    predicted: state.revision('predicted'),
  };
}

export function policy(prefix: string, tier: 'critical' | 'full'): Command {
  return {
    kind: 'setPolicy',
    prefix: byteStringOfText(prefix),
    policy: { acknowledge: 'quorum', tier, predict: null },
  };
}

export const noPolicy = (prefix: string): Command => ({
  kind: 'removePolicy',
  prefix: prefix as ByteString,
});

/** A source whose parts a test may see, change or hold back. */
export function through(
  source: ReplicaSource,
  each: (part: StreamPart) => StreamPart | null | Promise<StreamPart | null>,
  id: string = source.id,
): ReplicaSource {
  return {
    id: nodeId(id),
    report: (report) => source.report(report),
    async *follow(request: FollowRequest, signal: AbortSignal) {
      for await (const part of source.follow(request, signal)) {
        const passed = await each(part);
        if (passed !== null) yield passed;
      }
    },
  };
}

export const none = revision(0);
