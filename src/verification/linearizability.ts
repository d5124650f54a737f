import type { Operation } from './history.ts';
import type { Model } from './model.ts';
import { type ListEntry, lift, operationList, unlift } from './operation-list.ts';

export type Linearizability<Input, Output> =
  | { readonly answer: 'yes' }
  /** `placed`: the longest order found; no operation that was open then can come next. */
  | {
      readonly answer: 'no';
      readonly part: readonly Operation<Input, Output>[];
      readonly placed: readonly Operation<Input, Output>[];
    }
  | { readonly answer: 'unknown' };

/** How many steps are made between two questions to `shouldStop`. */
const stepsPerQuestion = 1024;

/**
 * Is there an order of the operations that respects real time and the model? Wing & Gong 1993 with Lowe's memory of configurations
 * (Lowe 2017, "Testing for linearizability", §2), a part at a time. `shouldStop` bounds the search: `unknown` when it says true.
 */
export function checkLinearizability<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  shouldStop: () => boolean = () => false,
): Linearizability<Input, Output> {
  const needed = operations.filter((each) => each.output !== undefined || !model.readOnly(each.input));
  let unknown = false;
  for (const part of model.partition(needed)) {
    if (part.length === 0) continue;
    const result = checkPart(model, part, shouldStop);
    if (result.answer === 'no') return result;
    if (result.answer === 'unknown') unknown = true;
  }
  return { answer: unknown ? 'unknown' : 'yes' };
}

function checkPart<State, Input, Output>(
  model: Model<State, Input, Output>,
  part: readonly Operation<Input, Output>[],
  shouldStop: () => boolean,
): Linearizability<Input, Output> {
  const { head, returns } = operationList(part);
  const seen = new Configurations(model);
  const placedSet = new Uint32Array((part.length + 31) >>> 5);
  const stack: { readonly call: ListEntry<Input, Output>; readonly before: State }[] = [];
  let longest: readonly Operation<Input, Output>[] = [];
  let returnsLeft = returns;
  let state = model.init();
  let entry = head.next;
  for (let steps = 1; returnsLeft > 0; steps++) {
    if (steps % stepsPerQuestion === 0 && shouldStop()) return { answer: 'unknown' };
    if (entry?.isCall) {
      const after = model.step(state, entry.operation.input, entry.operation.output);
      if (after !== undefined) {
        flip(placedSet, entry.slot);
        if (seen.add(placedSet, after)) {
          stack.push({ call: entry, before: state });
          state = after;
          lift(entry);
          if (entry.match !== null) returnsLeft--;
          if (stack.length > longest.length) longest = stack.map(({ call }) => call.operation);
          entry = head.next;
          continue;
        }
        flip(placedSet, entry.slot);
      }
      entry = entry.next;
      continue;
    }
    // A return whose call is not placed yet, or the end: the last placement was wrong.
    const last = stack.pop();
    if (last === undefined) return { answer: 'no', part, placed: longest };
    flip(placedSet, last.call.slot);
    state = last.before;
    unlift(last.call);
    if (last.call.match !== null) returnsLeft++;
    entry = last.call.next;
  }
  return { answer: 'yes' };
}

function flip(set: Uint32Array, slot: number): void {
  const word = slot >>> 5;
  set[word] = (set[word] ?? 0) ^ (1 << (slot & 31));
}

/** The (set of placed operations, state) pairs that were reached already. */
class Configurations<State, Input, Output> {
  readonly #model: Model<State, Input, Output>;
  readonly #byHash = new Map<number, { readonly set: Uint32Array; readonly state: State }[]>();

  constructor(model: Model<State, Input, Output>) {
    this.#model = model;
  }

  /** False if it was there. */
  add(set: Uint32Array, state: State): boolean {
    let hash = 0;
    for (const word of set) hash = Math.imul(hash ^ word, 0x9e3779b1) ^ (hash >>> 15);
    const found = this.#byHash.get(hash);
    if (found === undefined) {
      this.#byHash.set(hash, [{ set: set.slice(), state }]);
      return true;
    }
    for (const each of found) {
      if (sameSet(each.set, set) && this.#model.equal(each.state, state)) return false;
    }
    found.push({ set: set.slice(), state });
    return true;
  }
}

function sameSet(a: Uint32Array, b: Uint32Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
