import { TanistError } from '../../../foundation/errors.ts';
import type { LeaseId } from '../../../foundation/ids.ts';
import type { RenewalDone, RenewalOutcome } from '../../../node/node.ts';
import { RenewalBatcher } from '../../../node/writes/renewal-batcher.ts';
import { systemClock } from '../../system-clock.ts';
import { EtcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';

/** etcd's time for a request; a renewal may be made twice, so until then it is tried again. */
const giveUpMs = 7000;
const tryAgainMs = 10;

/** Lease renewals on any node: the leader gathers its clients' with its own, another node gathers and hands them to the leader as one command. */
export class Renewals {
  readonly #face: EtcdFace;
  readonly #forwarded: RenewalBatcher;

  constructor(face: EtcdFace) {
    this.#face = face;
    this.#forwarded = new RenewalBatcher({
      clock: systemClock,
      remainingMs: (id) => face.node.leaseRemainingMs(id),
      submit: ({ batch, settle }) => {
        const [command] = batch.commands;
        if (command === undefined) return;
        face.propose(command, (outcome) => {
          if (outcome instanceof EtcdError)
            settle({ kind: 'refused', code: 'unavailable', message: outcome.details, indeterminate: true });
          else settle({ kind: 'applied', results: [outcome] });
        });
      },
    });
  }

  /** `done` hears the lease's full time-to-live in ms, 0 where there is no such lease. */
  renew(id: LeaseId, done: RenewalDone): void {
    this.#attempt(id, systemClock.nowMs() + giveUpMs, done);
  }

  #attempt(id: LeaseId, untilMs: number, done: RenewalDone): void {
    const answered = (outcome: RenewalOutcome): void => {
      if (!(outcome instanceof TanistError) || !isPassing(outcome) || systemClock.nowMs() >= untilMs)
        done(outcome);
      else setTimeout(() => this.#attempt(id, untilMs, done), tryAgainMs);
    };
    const { node, self } = this.#face;
    if (node.routing().leader === self) node.keepAlive(id, answered);
    else this.#forwarded.renew(id, answered);
  }
}

function isPassing({ code }: TanistError): boolean {
  return code === 'not-leader' || code === 'no-leader' || code === 'unavailable';
}
