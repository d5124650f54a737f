import type { NodeId } from '../../foundation/ids.ts';
import type { Random } from '../../foundation/random.ts';
import type { RunFence } from '../../replication/forced/forced-policy.ts';
import type { ForcedDraw } from '../plan/topology.ts';
import type { Life } from '../world/life.ts';
import type { Scheduler } from '../world/scheduler.ts';

/** A fence command that hangs is ended after so long. */
const patienceMs = 3000;

/** A machine as a fence command gets at it. */
interface Fenced {
  readonly id: NodeId;
  idle: boolean;
  crash(power: boolean): void;
  start(): void;
}

/**
 * Fence commands of all members. While there are faults none says that it succeeded, whatever it did; at the end each does as the plan has it, until
 * it is mended.
 */
export class Fences {
  readonly plan: ForcedDraw;
  /** What `final` fences have succeeded for. */
  readonly done = new Set<NodeId>();
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #machines: () => readonly Fenced[];
  #when: 'faults' | 'final' | 'mended' = 'faults';

  constructor(plan: ForcedDraw, scheduler: Scheduler, random: Random, machines: () => readonly Fenced[]) {
    this.plan = plan;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#machines = machines;
  }

  /** Returns whom no fence gets at. */
  final(): readonly NodeId[] {
    this.#when = 'final';
    return this.#machines().flatMap(({ id }, i) => (this.plan.fences[i] === 'works' ? [] : [id]));
  }

  mend(): void {
    this.#when = 'mended';
  }

  /** As a member runs it; what has hung is answered only if that member still runs. */
  run(life: Life): RunFence {
    return (_, { id }) =>
      new Promise((resolve) => {
        const [reason, afterMs] = this.#outcome(id);
        this.#scheduler.after(afterMs, () => {
          if (reason === null) this.#takeDown(id);
          life.enter(() => resolve(reason));
        });
      });
  }

  #outcome(id: NodeId): readonly [reason: string | null, afterMs: number] {
    const soonMs = 1 + this.#random.next() * 200;
    const index = this.#machines().findIndex((machine) => machine.id === id);
    if (this.#when === 'faults') {
      const roll = this.#random.below(4);
      // Some do what they are there for, and fail all the same.
      if (roll === 0) this.#machines()[index]?.crash(true);
      if (roll === 0) this.#scheduler.after(1000, () => this.#machines()[index]?.start());
      return roll < 2 ? ['hung', patienceMs] : ['no answer', soonMs];
    }
    const outcome = this.#when === 'mended' ? 'works' : this.plan.fences[index];
    if (outcome === 'works') return [null, soonMs];
    return outcome === 'hangs' ? ['hung', patienceMs] : ['no answer', soonMs];
  }

  #takeDown(id: NodeId): void {
    const machine = this.#machines().find((one) => one.id === id);
    if (machine === undefined) return;
    machine.idle = true;
    machine.crash(true);
    this.done.add(id);
  }
}
