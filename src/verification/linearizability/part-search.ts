import type { Operation } from '../history.ts';
import { Configurations, Placed } from './configurations.ts';
import { Lookahead } from './lookahead.ts';
import type { Model } from './model.ts';
import { type ListEntry, lift, operationList, unlift } from './operation-list.ts';

/** To be taken back: of a known operation by its call, of one of unknown outcome by its number. */
type Placement<State, Input, Output> = {
  readonly operation: Operation<Input, Output>;
  readonly before: State;
} & (
  | {
      readonly call: ListEntry<Input, Output>;
      /** It leaves every state as it is. If it can be placed anywhere from here on, it can be placed here: nothing else need be tried. */
      readonly certain: boolean;
    }
  | {
      readonly call: null;
      readonly number: number;
      /** The first return of all that were not placed. */
      readonly end: ListEntry<Input, Output>;
    }
);

/**
 * The search for an order of one part, a step at a time. Operations with a known end are placed in the order of their calls as they fit; those of
 * unknown outcome only where none of the known ones fits, since what may not have happened is not needed before.
 */
export class PartSearch<State, Input, Output> {
  readonly #model: Model<State, Input, Output>;
  readonly #optionals: readonly Operation<Input, Output>[];
  readonly #head: ListEntry<Input, Output> | null;
  readonly #seen: Configurations<State>;
  readonly #lookahead: Lookahead<State, Input, Output>;
  readonly #known: Placed;
  readonly #optional: Placed;
  readonly #stack: Placement<State, Input, Output>[] = [];
  #state: State;
  /** What is tried next: a call, or the first return and behind it the operations of unknown outcome from `#nextOptional` on. */
  #entry: ListEntry<Input, Output> | null;
  #nextOptional = 0;
  #left: number;
  #fewestLeft: number;
  #longest: readonly Operation<Input, Output>[] = [];
  #answer: 'yes' | 'no' | null = null;

  constructor(
    model: Model<State, Input, Output>,
    part: readonly Operation<Input, Output>[],
    foresight = true,
  ) {
    this.#model = model;
    const known = part.filter((each) => each.returned !== Number.POSITIVE_INFINITY);
    this.#optionals = part
      .filter((each) => each.returned === Number.POSITIVE_INFINITY)
      .sort((a, b) => a.called - b.called);
    this.#head = known.length === 0 ? null : operationList(known);
    this.#entry = this.#head?.next ?? null;
    this.#seen = new Configurations(model.equal);
    this.#lookahead = new Lookahead(foresight ? model.values : undefined, part);
    this.#known = new Placed(known.length);
    this.#optional = new Placed(this.#optionals.length);
    this.#state = model.init();
    this.#left = known.length;
    this.#fewestLeft = known.length;
    if (known.length === 0) this.#answer = 'yes';
  }

  /** Null: not known yet. */
  get answer(): 'yes' | 'no' | null {
    return this.#answer;
  }

  /** Configurations that are remembered. */
  get remembered(): number {
    return this.#seen.size;
  }

  /** Of the orders tried one with the most known operations; it ended where none that was open could come next. */
  get longest(): readonly Operation<Input, Output>[] {
    return this.#longest;
  }

  step(): void {
    const entry = this.#entry;
    if (entry === null) this.#goBack();
    else if (entry.isCall) this.#tryKnown(entry);
    else this.#tryOptional(entry);
  }

  #tryKnown(call: ListEntry<Input, Output>): void {
    const { operation, slot } = call;
    const before = this.#state;
    this.#entry = call.next;
    if (this.#isUseless(operation)) return;
    const after = this.#model.step(before, operation.input, operation.output);
    if (after === undefined) return;
    const certain = this.#isObserver(operation) && this.#model.equal(before, after);
    this.#known.flip(slot);
    this.#lookahead.place(operation);
    if (!this.#isNew(after)) {
      this.#known.flip(slot);
      this.#lookahead.takeBack(operation);
      if (certain) this.#goBack();
      return;
    }
    lift(call);
    this.#left--;
    if (this.#left < this.#fewestLeft) {
      this.#fewestLeft = this.#left;
      this.#longest = [];
      if (this.#left === 0) this.#answer = 'yes';
    }
    this.#goOn({ operation, before, call, certain }, after);
  }

  #tryOptional(end: ListEntry<Input, Output>): void {
    const number = this.#nextOptional++;
    const operation = this.#optionals[number];
    if (operation === undefined || operation.called > end.at) {
      this.#goBack();
      return;
    }
    if (this.#optional.has(number) || this.#isUseless(operation)) return;
    const before = this.#state;
    const after = this.#model.step(before, operation.input, undefined);
    if (after === undefined || this.#model.equal(before, after)) return;
    this.#optional.flip(number);
    this.#lookahead.place(operation);
    if (this.#isNew(after)) {
      this.#goOn({ operation, before, call: null, number, end }, after);
    } else {
      this.#optional.flip(number);
      this.#lookahead.takeBack(operation);
    }
  }

  #goOn(placement: Placement<State, Input, Output>, after: State): void {
    this.#stack.push(placement);
    this.#state = after;
    this.#entry = this.#head?.next ?? null;
    this.#nextOptional = 0;
  }

  /** The last placement that had an alternative was wrong. */
  #goBack(): void {
    if (this.#longest.length === 0 && this.#left === this.#fewestLeft)
      this.#longest = this.#stack.map((each) => each.operation);
    for (;;) {
      const last = this.#stack.pop();
      if (last === undefined) {
        this.#answer = 'no';
        return;
      }
      this.#state = last.before;
      this.#lookahead.takeBack(last.operation);
      if (last.call === null) {
        this.#optional.flip(last.number);
        this.#entry = last.end;
        this.#nextOptional = last.number + 1;
        return;
      }
      this.#known.flip(last.call.slot);
      unlift(last.call);
      this.#left++;
      if (last.certain) continue;
      this.#entry = last.call.next;
      this.#nextOptional = 0;
      return;
    }
  }

  /** What was placed last may not have happened, and this would wipe out that it has. */
  #isUseless(operation: Operation<Input, Output>): boolean {
    const last = this.#stack.at(-1);
    return last?.call === null && !!this.#model.blind?.(operation) && !!this.#model.blind(last.operation);
  }

  /** With its answer it can change nothing, wherever it stands. */
  #isObserver(operation: Operation<Input, Output>): boolean {
    return this.#model.readOnly(operation.input) || this.#model.values?.makes(operation)?.length === 0;
  }

  #isNew(after: State): boolean {
    return !this.#lookahead.loses(this.#state, after) && this.#seen.add(this.#known, this.#optional, after);
  }
}
