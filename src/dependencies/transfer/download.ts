import { asError, TanistError } from '../../foundation/errors.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { AddressFacts, ContentKey } from '../../ports/dependency-registry.ts';
import { areAll, Digests } from './digests.ts';
import { fillInParallel } from './parallel.ts';
import type { Incoming, Source } from './source.ts';
import type { Spool } from './spool.ts';

/** Handed out only after the digests were compared: a wrong body is never whole, and most objects are checked before their first byte is seen. */
export const holdBackBytes = 64 * 1024;
const parallelFromBytes = 8 * 1024 * 1024;

export interface Wanted {
  /** All of its digests must be met; addresses among them are names alone. */
  readonly keys: readonly ContentKey[];
  /** As a holder says it; null: unknown. */
  readonly sizeBytes: number | null;
  /** More is refused, whoever sends it. */
  readonly mostBytes: number;
}

export interface Finished {
  readonly spool: Spool;
  readonly keys: readonly ContentKey[];
  readonly sha256: string;
  readonly size: number;
  readonly answer: AddressFacts | null;
}

export interface DownloadPorts {
  /** Other sandboxes in the order in which to ask them; without those that sent wrong bytes. */
  readonly peers: () => readonly Source[];
  /** Those who have it by now, and were not asked yet; asked for when all of `peers` failed. */
  readonly morePeers: () => Promise<readonly Source[]>;
  /** Asked when no peer can give the rest. May be asked again after a failure on the way. Null: there is none. */
  readonly upstream: Source | null;
  readonly spool: () => Promise<Spool>;
  readonly failed: (source: Source, error: Error) => void;
  readonly lied: (source: Source) => void;
  readonly received: (source: Source, bytes: number) => void;
  /** A pause between two attempts upstream. */
  readonly pause: (attempt: number) => Promise<void>;
}

interface Attempt {
  readonly spool: Spool;
  readonly digests: Digests;
  readonly from: Set<Source>;
  totalBytes: number | null;
  answer: AddressFacts | null;
}

const upstreamTries = 3;
const mostAttempts = 8;

/**
 * One object on its way from wherever it can be had: peers, several at a time where it is large, then upstream, going on where the one before fell
 * silent. Any number of readers follow it.
 *
 * 1. What is read is a prefix of bytes with the wanted digests, or the reading fails before its end.
 * 2. Bytes are never mixed over a mismatch: it begins anew without those who sent them, and who has read some of them fails.
 */
export class Download {
  readonly #wanted: Wanted;
  readonly #ports: DownloadPorts;
  readonly #abort = new AbortController();
  #attempt: Attempt | null = null;
  #phase: 'fetching' | 'done' | 'failed' = 'fetching';
  #error: Error | null = null;
  #waiting: (() => void)[] = [];
  readonly finished: Promise<Finished>;

  constructor(wanted: Wanted, ports: DownloadPorts) {
    this.#wanted = wanted;
    this.#ports = ports;
    this.finished = this.#run().then(
      (finished) => {
        this.#phase = 'done';
        this.#wake();
        return finished;
      },
      (error: unknown) => {
        this.#phase = 'failed';
        this.#error = asError(error);
        this.#wake();
        throw error;
      },
    );
    this.finished.catch(() => undefined); // who reads hears of it
  }

  /** Of the whole; null: not known yet. Sure once a byte was read. */
  get totalBytes(): number | null {
    return this.#phase === 'done'
      ? (this.#attempt?.spool.available ?? null)
      : (this.#attempt?.totalBytes ?? null);
  }

  get answer(): AddressFacts | null {
    return this.#attempt?.answer ?? null;
  }

  /** Whether who begins to read now gets all. */
  get isWhole(): boolean {
    if (this.#phase === 'failed') return false;
    const spool = this.#attempt?.spool;
    return spool === undefined || (spool.isWhole && (this.#phase === 'fetching' || spool.notStored === null));
  }

  /** Ends it for all who read. */
  cancel(reason: Error): void {
    this.#abort.abort(reason);
  }

  /** The bytes as they come. Fails as `integrity-mismatch`, `upstream-failed`, `unavailable`, `value-too-large`. */
  async *read(): AsyncGenerator<Buffer, void, undefined> {
    while (this.#attempt === null && this.#phase === 'fetching') await this.#changed();
    let attempt = this.#attempt;
    if (attempt === null) throw this.#failure();
    let mark = attempt.spool.open();
    try {
      for (;;) {
        if (attempt !== this.#attempt && this.#attempt !== null) {
          const mixes = mutant.active === 'dependency-attempts-mixed';
          const { position } = mark;
          if (position > 0 && !mixes) throw mismatch('the bytes that had come so far were wrong');
          attempt.spool.close(mark);
          attempt = this.#attempt;
          mark = attempt.spool.open();
          if (mixes) mark.position = position;
        }
        if (this.#phase === 'failed') throw this.#failure();
        const { spool } = attempt;
        const before = this.#phase === 'done' ? spool.available : spool.available - holdBackBytes;
        if (mark.position < before) yield await spool.read(mark, before);
        else if (this.#phase === 'done') return;
        else await spool.changed();
      }
    } finally {
      attempt.spool.close(mark);
    }
  }

  async #run(): Promise<Finished> {
    for (let tries = 0; ; tries++) {
      const attempt: Attempt = {
        spool: await this.#ports.spool(),
        digests: new Digests(this.#wanted.keys),
        from: new Set(),
        totalBytes: null,
        answer: null,
      };
      const before = this.#attempt;
      this.#attempt = attempt;
      before?.spool.wake();
      this.#wake();
      await this.#fill(attempt);
      const keys = attempt.digests.finish();
      if (areAll(keys, this.#wanted.keys) || mutant.active === 'dependency-digest-ignored')
        return finishedOf(attempt, keys);
      const peers = [...attempt.from].filter(({ sandbox }) => sandbox !== null);
      for (const peer of peers) this.#ports.lied(peer);
      if (peers.length === 0 || tries === mostAttempts)
        throw mismatch(
          `what ${[...attempt.from].map(({ name }) => name).join(' and ')} sent is not what was wanted`,
        );
    }
  }

  async #fill(attempt: Attempt): Promise<void> {
    const { peers, morePeers, upstream, failed, pause } = this.#ports;
    const size = this.#wanted.sizeBytes;
    const near = peers();
    const whole = near.filter(({ givesParts }) => givesParts);
    if (size !== null && size >= parallelFromBytes && whole.length > 1) {
      attempt.totalBytes = size;
      const { signal } = this.#abort;
      const ports = { failed, received: this.#ports.received, signal };
      if (await fillInParallel(attempt, whole, size, ports)) return;
    }
    for (const peer of near) {
      if (await this.#pour(attempt, peer).catch((error: unknown) => this.#onFailure(peer, error))) return;
    }
    if (near.length > 0)
      for (const peer of await morePeers())
        if (await this.#pour(attempt, peer).catch((error: unknown) => this.#onFailure(peer, error))) return;
    if (upstream === null) throw new TanistError('unavailable', 'none of those who had it gave it');
    for (let tries = 1; ; tries++) {
      try {
        await this.#pour(attempt, upstream);
        return;
      } catch (error) {
        const isFinal = error instanceof TanistError && !error.retryable;
        if (isFinal || tries === upstreamTries || this.#abort.signal.aborted) throw error;
        failed(upstream, asError(error));
        await pause(tries);
      }
    }
  }

  #onFailure(peer: Source, error: unknown): false {
    this.#abort.signal.throwIfAborted();
    if (error instanceof TanistError && error.code === 'value-too-large') this.#ports.lied(peer);
    else this.#ports.failed(peer, asError(error));
    return false;
  }

  /** Goes on after what is there. True: it is whole. */
  async #pour(attempt: Attempt, source: Source): Promise<true> {
    const { spool } = attempt;
    const incoming = await source.open(spool.available, null, this.#abort.signal);
    this.#expect(attempt, incoming, source);
    let position = incoming.startsAt;
    for await (const chunk of incoming.body) {
      this.#ports.received(source, chunk.length);
      const news = chunk.subarray(Math.max(0, spool.available - position));
      position += chunk.length;
      if (news.length === 0) continue;
      attempt.from.add(source);
      if (spool.available + news.length > this.#wanted.mostBytes)
        throw tooLarge(this.#wanted.mostBytes, source);
      attempt.digests.update(news);
      await spool.append(news);
    }
    if (attempt.totalBytes !== null && spool.available !== attempt.totalBytes)
      throw new TanistError(
        'upstream-failed',
        `${source.name} sent ${spool.available} of ${attempt.totalBytes} bytes`,
      );
    if (spool.available === 0) attempt.from.add(source);
    attempt.totalBytes = spool.available;
    return true;
  }

  #expect(attempt: Attempt, incoming: Incoming, source: Source): void {
    const { totalBytes, answer } = incoming;
    if (totalBytes !== null && totalBytes > this.#wanted.mostBytes)
      throw tooLarge(this.#wanted.mostBytes, source);
    // Of a source that goes on with what another began; without bytes of that one the last word counts.
    if (attempt.totalBytes === null || attempt.spool.available === 0) attempt.totalBytes = totalBytes;
    attempt.answer = answer ?? attempt.answer;
    this.#wake();
  }

  #failure(): Error {
    return this.#error ?? new TanistError('unavailable', 'it could not be fetched');
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
    this.#attempt?.spool.wake();
  }
}

function finishedOf({ spool, answer }: Attempt, keys: readonly ContentKey[]): Finished {
  const sha256 = keys.find(({ algorithm }) => algorithm === 'sha256')?.digest ?? '';
  return { spool, keys, sha256, size: spool.available, answer };
}

function mismatch(detail: string): TanistError {
  return new TanistError('integrity-mismatch', `${detail}; nothing of it was kept`);
}

function tooLarge(mostBytes: number, source: Source): TanistError {
  return new TanistError('value-too-large', `${source.name} sends more than ${mostBytes} bytes`);
}
