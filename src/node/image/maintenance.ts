import { crc32 } from 'node:zlib';
import { type ByteString, bytesOf, emptyBytes } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { Revision } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import { type RangeRequest, rangeOf } from '../../ports/command.ts';
import type { KeyValue } from '../../ports/delta.ts';
import type { HistoryStore, ImageStore } from '../../ports/image-store.ts';
import { completeRange, type StateMachine } from '../../state/state-machine.ts';

export interface MaintenanceOptions {
  readonly state: StateMachine;
  readonly image: ImageStore;
  readonly history: HistoryStore;
  /** Fails while the state is being replaced; the number changes when it was. */
  readonly whole: () => number;
  readonly yieldTurn: () => Promise<void>;
  /** Whether the image still has what compaction freed; hurries on. */
  readonly reclaims: () => boolean;
  readonly clock: Clock;
}

export interface KeyHash {
  /** 32 bits. */
  readonly hash: number;
  readonly revision: Revision;
  readonly compacted: Revision;
}

export interface Sizes {
  /** Of the state on the disk, about, with what is not written yet. */
  readonly diskBytes: number;
  /** Of the live keys and values, with their overhead: what the quota bounds. */
  readonly liveBytes: number;
}

const keysPerPage = 256;
const bytesPerTurn = 1024 * 1024;
const keptHashes = 8;
/** Between looks at how far the image is. Each look may begin a step of a few MiB. */
const reclaimEveryMs = 10;

/** What operators ask of one node's storage and state, without holding up its event loop. */
export class Maintenance {
  readonly #options: MaintenanceOptions;
  /** By revision, the oldest first; also those being worked out. */
  readonly #hashes = new Map<Revision, Promise<number>>();

  constructor(options: MaintenanceOptions) {
    this.#options = options;
  }

  /**
   * A hash of the keys and values of `user` as of the revision (0: the present one): equal on all members that have it, whenever they compacted.
   * Errors: `revision-compacted`, `revision-future`, `starting`.
   */
  async hashKv(asked: Revision): Promise<KeyHash> {
    const { state, whole } = this.#options;
    await this.#whenWhole();
    const before = whole();
    const at = asked === 0 ? state.revision('user') : asked;
    const compacted = state.compacted('user');
    // What is compacted is refused also where the hash is still known.
    const first = state.range(pageOf('\0' as ByteString, '\0' as ByteString, at, 1));
    if (first.kind === 'failed') throw new TanistError(first.code, first.message);
    let hash = this.#hashes.get(at);
    if (hash === undefined) {
      hash = this.#hashAt(at, before);
      this.#hashes.set(at, hash);
      hash.catch(() => this.#hashes.delete(at));
      for (const oldest of this.#hashes.keys()) {
        if (this.#hashes.size <= keptHashes) break;
        this.#hashes.delete(oldest);
      }
    }
    return { hash: await hash, revision: at, compacted };
  }

  /** 32 bits over everything that has been applied here, but predicted values; equal on members at the same applied index. */
  async hash(): Promise<number> {
    const { state, whole } = this.#options;
    await this.#whenWhole();
    whole();
    return crc32(`${state.digest('user')} ${state.digest('planes')} ${state.digest('system')}`);
  }

  /**
   * Until this node, too, has compacted to the revision and what that freed is gone from its image (LevelDB's files become smaller when it merges them), or
   * nobody waits any more. Errors: `starting`, `closed`.
   */
  async compacted(at: Revision, waiting: AbortSignal): Promise<void> {
    const { state, reclaims, clock, whole } = this.#options;
    for (;;) {
      whole();
      if (waiting.aborted || (state.compacted('user') >= at && !reclaims())) return;
      await new Promise<void>((resolve) => clock.after(reclaimEveryMs, resolve));
    }
  }

  /** Gives back what compaction freed on the disk. Reads and writes go on meanwhile. Errors: `starting`, `closed`. */
  async defragment(): Promise<{ readonly before: number; readonly after: number }> {
    const { state, image, whole } = this.#options;
    whole();
    const before = await image.sizeBytes();
    await this.compacted(state.compacted('user'), new AbortController().signal);
    await image.defragment();
    return { before, after: await image.sizeBytes() };
  }

  async sizes(): Promise<Sizes> {
    const { state, image } = this.#options;
    const { liveBytes } = state;
    const written = await image.sizeBytes();
    // The database knows only what it has sorted into files.
    return { diskBytes: Math.max(written + image.pendingBytes(), liveBytes), liveBytes };
  }

  /** An entry may be half applied just now. */
  async #whenWhole(): Promise<void> {
    if (!this.#options.state.whole) await this.#options.yieldTurn();
  }

  async #hashAt(at: Revision, replaced: number): Promise<number> {
    const { state, whole, yieldTurn } = this.#options;
    let hash = crc32(`${at}`);
    let bytes = 0;
    for (let from: ByteString | null = '\0' as ByteString; from !== null; ) {
      const end: ByteString | null = state.keyBeyond('user', from, keysPerPage);
      for (const keyValue of await this.#page(from, end, at)) {
        hash = hashOf(keyValue, hash);
        bytes += keyValue.key.length + keyValue.value.length;
        if (bytes < bytesPerTurn) continue;
        bytes = 0;
        await yieldTurn();
      }
      await yieldTurn();
      if (whole() !== replaced) throw new TanistError('starting', 'a snapshot was taken over; try again');
      from = end;
    }
    return hash;
  }

  async #page(from: ByteString, end: ByteString | null, at: Revision): Promise<readonly KeyValue[]> {
    const { state, history } = this.#options;
    const found = state.range(pageOf(from, end ?? ('\0' as ByteString), at, 0));
    const answer = found.kind === 'needsHistory' ? await completeRange(found, history) : found;
    if (answer.kind === 'failed') throw new TanistError(answer.code, answer.message);
    return answer.values;
  }
}

function hashOf(keyValue: KeyValue, before: number): number {
  const { key, value, createRevision, modRevision, version, lease } = keyValue;
  const fields = `${key.length} ${value.length} ${createRevision} ${modRevision} ${version} ${lease} `;
  return crc32(bytesOf(value), crc32(bytesOf(key), crc32(fields, before)));
}

function pageOf(key: ByteString, rangeEnd: ByteString, at: Revision, limit: number): RangeRequest {
  return rangeOf('user', key, limit === 0 ? rangeEnd : emptyBytes, {
    limit,
    revision: at,
    countOnly: limit !== 0,
  });
}
