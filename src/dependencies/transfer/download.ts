import { asError, TanistError } from '../../foundation/errors.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { AddressFacts, ContentKey } from '../../ports/dependency-registry.ts';
import { Changes } from './changes.ts';
import { areAll, Digests } from './digests.ts';
import { type Attempt, fill, type SourcePorts, type Wanted } from './fill.ts';
import type { Spool } from './spool.ts';

/** Handed out only after the digests were compared: a wrong body is never whole, and most objects are checked before their first byte is seen. */
export const holdBackBytes = 64 * 1024;

export interface Finished {
  readonly spool: Spool;
  readonly keys: readonly ContentKey[];
  readonly sha256: string;
  readonly size: number;
  readonly answer: AddressFacts | null;
}

export interface DownloadPorts extends SourcePorts {
  readonly spool: () => Promise<Spool>;
}

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
  readonly #changes = new Changes();
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
    while (this.#attempt === null && this.#phase === 'fetching') await this.#changes.changed();
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
      await fill({
        attempt,
        wanted: this.#wanted,
        ports: this.#ports,
        signal: this.#abort.signal,
        began: () => this.#wake(),
      });
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

  #failure(): Error {
    return this.#error ?? new TanistError('unavailable', 'it could not be fetched');
  }

  #wake(): void {
    this.#changes.wake();
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
