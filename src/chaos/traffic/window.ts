import { asError, TanistError } from '../../foundation/errors.ts';
import type { Random } from '../../foundation/random.ts';
import { eventually } from '../../local/eventually.ts';
import type { FinalKey } from '../../verification/guarantees/acknowledged.ts';
import { checkRevisionOrder } from '../../verification/guarantees/revisions.ts';
import type { Target } from '../target.ts';
import type { AcknowledgedAt, Verdict } from '../traffic.ts';
import { checkDigests } from './checks/digests.ts';
import { checkHashes } from './checks/hashes.ts';
import { verdict } from './checks/verdict.ts';
import { checkWrites } from './checks/writes.ts';
import type { Connection, Connections } from './connections.ts';
import { deleteKeys, readFinalKeys } from './final-keys.ts';
import { mark } from './mark.ts';
import type { Evidence, Part, PartContext, RunningPart } from './part.ts';
import { rateOf } from './parts/all-parts.ts';
import type { Meter } from './record/meter.ts';
import { Reads } from './record/reads.ts';
import { Writes } from './record/writes.ts';
import { TruthGatherer } from './truth/gather.ts';

const patienceMs = 30_000;
/** For all searches together. */
const searchMs = 20_000;

export interface WindowOptions {
  readonly target: Target;
  readonly connections: Connections;
  readonly parts: readonly Part[];
  readonly prefix: string;
  readonly rate: number;
  readonly callers: number;
  readonly random: Random;
  readonly nowMs: () => number;
  readonly meter: Meter;
  readonly onAcknowledged: (write: AcknowledgedAt) => void;
}

export interface WindowReport {
  readonly lost: number;
  readonly earlyLost: number;
  readonly verdicts: readonly Verdict[];
}

/** A stretch of the run with keys, records and a history of its own, so that a long run is checked and forgotten piece by piece. */
export interface Window {
  /** No new operations; resolves when all have an outcome. */
  stop(): Promise<void>;
  /** After `stop`: reads the end, runs the checks. */
  check(): Promise<WindowReport>;
  /** After `check`: its keys go. */
  forget(): Promise<void>;
}

export async function openWindow(options: WindowOptions): Promise<Window> {
  const { target, connections, parts, prefix, meter, nowMs } = options;
  const client = await connections.named('checks');
  const writes = new Writes();
  const reads = new Reads();
  let values = 0;
  const nextValue = (): string => `${prefix.slice('chaos/'.length)}${values++}`;
  const began = await mark(client, writes, `${prefix}began`, nextValue);
  const truth = new TruthGatherer(await sourcesOf(target, connections), prefix, began);
  const running: RunningPart[] = [];
  const lowest: PartContext = {
    ...options,
    windowPrefix: prefix,
    writes,
    reads,
    truth,
    nextValue,
  };
  for (const part of parts)
    running.push(
      await part.start({
        ...lowest,
        prefix: `${prefix}${part.name}/`,
        rate: rateOf(part, parts, options.rate),
        random: options.random.fork(part.name),
      }),
    );
  let final: ReadonlyMap<string, FinalKey> | null = null;
  const isLeased = (key: string): boolean =>
    key.startsWith(`${prefix}leases/`) || key.startsWith(`${prefix}locks/`);
  return {
    stop: async () => {
      await Promise.all(running.map((part) => part.stop()));
    },
    check: async () => {
      await Promise.all(running.map((part) => part.settle?.()));
      const endedAt = await mark(client, writes, `${prefix}ended`, nextValue);
      const late = await truth.caughtUp(endedAt, patienceMs);
      await truth.stop();
      final = await readFinalKeys(client, prefix).catch((error: unknown) => {
        if (error instanceof TanistError) return null;
        throw asError(error);
      });
      const merged = truth.merged(endedAt);
      const [hole] = merged.uncovered;
      const truthLacks =
        hole === undefined
          ? null
          : `of the history revisions ${hole.from} to ${hole.through} were seen by no watch (${late.join('; ')})`;
      const evidence: Evidence = {
        truth: merged.truth,
        truthLacks,
        covers: (at) =>
          at <= endedAt && !merged.uncovered.some(({ from, through }) => from <= at && at <= through),
        final,
        client,
        giveUpMs: nowMs() + searchMs,
        nowMs,
      };
      const { verdicts, lost } = checkWrites(writes.all, evidence, isLeased);
      const observations = meter.takeObservations();
      const all: Verdict[] = [
        ...verdicts,
        verdict(
          'revisions',
          `${observations.length} answers with a revision`,
          checkRevisionOrder(observations),
          {
            enough: observations.length >= 50,
          },
        ),
        verdict(
          'history',
          `${merged.events} events by two watches, ${merged.agreed} revisions seen by both`,
          [...merged.ownViolations, ...merged.violations],
          { lacks: late.length > 0 ? late.join('; ') : null, enough: merged.agreed > 0 },
        ),
      ];
      for (const part of running) all.push(...(await part.check(evidence)));
      const native = await connections.native('checks');
      all.push(
        native === null ? await checkHashes(connections, endedAt) : await checkDigests(target, native),
      );
      return {
        lost,
        earlyLost: writes.all.filter(({ state }) => state.kind === 'reported-lost').length,
        verdicts: all,
      };
    },
    forget: async () => {
      await Promise.all(running.map((part) => part.forget?.()));
      const forgetKeys = async (): Promise<true> => {
        await deleteKeys(client, (final ?? (await readFinalKeys(client, prefix))).keys());
        return true;
      };
      await eventually(forgetKeys, 'the keys of a window could not be deleted');
    },
  };
}

/** Two watches that begin at different members; each goes on elsewhere when its own is gone. */
async function sourcesOf(
  target: Target,
  connections: Connections,
): Promise<readonly { readonly name: string; readonly client: Connection }[]> {
  const hot = target.members.filter(({ tier }) => tier === 'hot').map(({ client }) => client);
  const first = connections.api === 'native' ? await connections.named('history') : await connections.at(hot);
  const second = await connections.at(hot.toReversed());
  return [
    {
      name: connections.api === 'native' ? 'the watch at the leader' : `the watch from ${hot[0]} on`,
      client: first,
    },
    { name: `the watch from ${hot.at(-1)} on`, client: second },
  ];
}
