import { asError, TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AddressFacts, ContentKey } from '../../ports/dependency-registry.ts';
import type { Digests } from './digests.ts';
import { openFirst } from './open-first.ts';
import { fillInParallel } from './parallel.ts';
import type { Incoming, Source } from './source.ts';
import type { Spool } from './spool.ts';

export interface Wanted {
  /** All of its digests must be met; addresses among them are names alone. */
  readonly keys: readonly ContentKey[];
  /** As a holder says it; null: unknown. */
  readonly sizeBytes: number | null;
  /** More is refused, whoever sends it. */
  readonly mostBytes: number;
}

export interface SourcePorts {
  /** Other sandboxes in the order in which to ask them; without those that sent wrong bytes. */
  readonly peers: () => readonly Source[];
  /** Those who have it by now, and were not asked yet; asked for when all of `peers` failed. */
  readonly morePeers: () => Promise<readonly Source[]>;
  /** Asked when no peer can give the rest. May be asked again after a failure on the way. Null: there is none. */
  readonly upstream: Source | null;
  readonly failed: (source: Source, error: Error) => void;
  readonly lied: (source: Source) => void;
  readonly received: (source: Source, bytes: number) => void;
  readonly clock: Clock;
  /** A peer that gives nothing for so long is left. */
  readonly stallMs: number;
  /** A pause between two attempts upstream; false: no other one is worth it. */
  readonly pause: (attempt: number) => Promise<boolean>;
}

/** Bytes that come from one or several sources, one after the other's, until they are compared as a whole. */
export interface Attempt {
  readonly spool: Spool;
  readonly digests: Digests;
  readonly from: Set<Source>;
  /** Null: not known yet. */
  totalBytes: number | null;
  answer: AddressFacts | null;
}

interface Filling {
  readonly attempt: Attempt;
  readonly wanted: Wanted;
  readonly ports: SourcePorts;
  readonly signal: AbortSignal;
  /** A source began to answer. */
  readonly began: () => void;
}

const parallelFromBytes = 8 * 1024 * 1024;
const upstreamTries = 3;

/** Until all is there, of whatever content. Fails as upstream does, `unavailable` without one. */
export async function fill(filling: Filling): Promise<void> {
  const { attempt, wanted, ports, signal } = filling;
  const { peers, morePeers, upstream } = ports;
  const left = new Set<Source>();
  const size = wanted.sizeBytes;
  const near = peers();
  const whole = near.filter(({ givesParts }) => givesParts);
  if (size !== null && size >= parallelFromBytes && whole.length > 1) {
    attempt.totalBytes = size;
    const { received } = ports;
    const failed: SourcePorts['failed'] = (source, error) => {
      left.add(source);
      ports.failed(source, error);
    };
    if (await fillInParallel(attempt, whole, size, { failed, received, signal })) return;
  }
  if (await fromPeers(filling, near, left)) return;
  if (near.length > 0 && (await fromPeers(filling, await morePeers(), left))) return;
  if (upstream === null) throw new TanistError('unavailable', 'none of those who had it gave it');
  for (let tries = 1; ; tries++) {
    try {
      await pourFrom(filling, upstream);
      return;
    } catch (error) {
      const isFinal = error instanceof TanistError && !error.retryable;
      if (isFinal || tries === upstreamTries || signal.aborted) throw error;
      ports.failed(upstream, asError(error));
      if (!(await ports.pause(tries))) throw error;
    }
  }
}

/** From whichever begins to answer first; of one that breaks off the rest comes from another. False: none of them gave it. */
async function fromPeers(filling: Filling, peers: readonly Source[], left: Set<Source>): Promise<boolean> {
  const { attempt, ports, signal } = filling;
  const { clock, stallMs, upstream } = ports;
  const failed = (source: Source, error: Error): void => {
    left.add(source);
    if (signal.aborted) return;
    if (error instanceof TanistError && error.code === 'value-too-large') ports.lied(source);
    else ports.failed(source, error);
  };
  for (;;) {
    signal.throwIfAborted();
    const rest = peers.filter((source) => !left.has(source));
    if (rest.length === 0) return false;
    const opened = await openFirst(rest, upstream, attempt.spool.available, {
      clock,
      stallMs,
      signal,
      failed,
    });
    if (opened === null) continue;
    const { source, incoming } = opened;
    try {
      await pourFrom(filling, source, incoming);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (source === upstream) {
        // It goes on as if it had been asked alone, with its own number of tries.
        if (error instanceof TanistError && !error.retryable) throw error;
        return false;
      }
      failed(source, asError(error));
    }
  }
}

/** Goes on after what is there, to the end. */
async function pourFrom(filling: Filling, source: Source, opened?: Incoming): Promise<void> {
  const { attempt, wanted, ports, signal } = filling;
  const { spool } = attempt;
  const incoming = opened ?? (await source.open(spool.available, null, signal));
  expect(filling, incoming, source);
  let position = incoming.startsAt;
  for await (const chunk of incoming.body) {
    ports.received(source, chunk.length);
    const news = chunk.subarray(Math.max(0, spool.available - position));
    position += chunk.length;
    if (news.length === 0) continue;
    attempt.from.add(source);
    if (spool.available + news.length > wanted.mostBytes) throw tooLarge(wanted, source);
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
}

function expect({ attempt, wanted, began }: Filling, incoming: Incoming, source: Source): void {
  const { totalBytes, answer } = incoming;
  if (totalBytes !== null && totalBytes > wanted.mostBytes) throw tooLarge(wanted, source);
  // Of a source that goes on with what another began; without bytes of that one the last word counts.
  if (attempt.totalBytes === null || attempt.spool.available === 0) attempt.totalBytes = totalBytes;
  attempt.answer = answer ?? attempt.answer;
  began();
}

function tooLarge({ mostBytes }: Wanted, source: Source): TanistError {
  return new TanistError('value-too-large', `${source.name} sends more than ${mostBytes} bytes`);
}
