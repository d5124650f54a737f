import type { Operation } from '../history.ts';
import { checkLinearizability } from './linearizability.ts';
import type { Model } from './model.ts';

/** A part of a history that is not linearizable by itself. Without the answer of any one of its `wrong` operations it would be. */
export interface Counterexample<Input, Output> {
  /** In order of their calls. Those that are not `wrong` explain where values come from: whether and when they happened is left open. */
  readonly operations: readonly { readonly operation: Operation<Input, Output>; readonly wrong: boolean }[];
  /** The longest order found for them; no operation that is open after it can come next. */
  readonly placed: readonly Operation<Input, Output>[];
}

/**
 * The smallest part of a history that still is not linearizable, by delta debugging (Zeller & Hildebrandt 2002): the end is cut off, then answers are
 * forgotten, as many as can be. Reads whose answer is forgotten are nothing; a write without an end may happen at any time or never, so forgetting
 * one never makes a contradiction. Null: the history is linearizable, or `shouldStop` came before that was known; later it ends the shrinking.
 */
export function smallestCounterexample<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  shouldStop: () => boolean = () => false,
): Counterexample<Input, Output> | null {
  const first = checkLinearizability(model, operations, shouldStop);
  if (first.answer !== 'no') return null;
  const { part } = first;
  const known = part.filter((each) => each.returned !== Number.POSITIVE_INFINITY);
  known.sort((a, b) => a.returned - b.returned);
  const isWrong = (kept: readonly Operation<Input, Output>[]): boolean => {
    let steps = 0;
    const stop = () => ++steps > questionsPerTry || shouldStop();
    const needed = explaining(model, part, kept);
    return checkLinearizability(model, forgetting(needed, new Set(kept)), stop).answer === 'no';
  };
  const kept = minimal(recent(prefix(known, isWrong), isWrong), isWrong, shouldStop);
  const wrong = new Set(kept);
  const whole = explaining(model, part, kept);
  const shown =
    whole.length <= kept.length + maxExplaining
      ? whole
      : part.filter((each) => wrong.has(each) || kept.some((other) => mayExplain(model, each, other)));
  const placed = checkLinearizability(model, forgetting(shown, wrong), shouldStop);
  const byId = new Map(part.map((each) => [each.id, each]));
  return {
    operations: [...shown]
      .sort((a, b) => a.called - b.called)
      .map((operation) => ({ operation, wrong: wrong.has(operation) })),
    placed: placed.answer === 'no' ? placed.placed.map((each) => byId.get(each.id) ?? each) : [],
  };
}

/** How long a smaller part is looked at (in thousands of steps) before a larger one is kept. */
const questionsPerTry = 200;

/** So many operations that explain the others, and each other, can still be looked at; beyond, only those that explain a wrong one are shown. */
const maxExplaining = 10;

function mayExplain<State, Input, Output>(
  model: Model<State, Input, Output>,
  write: Operation<Input, Output>,
  operation: Operation<Input, Output>,
): boolean {
  return !model.readOnly(write.input) && (model.explains?.(write, operation) ?? true);
}

/** `kept` and all that may explain it, and what explains that: the rest of the part has no say. */
function explaining<State, Input, Output>(
  model: Model<State, Input, Output>,
  part: readonly Operation<Input, Output>[],
  kept: readonly Operation<Input, Output>[],
): readonly Operation<Input, Output>[] {
  const needed = new Set(kept);
  const open = part.filter((each) => !needed.has(each) && !model.readOnly(each.input));
  // A set hands out what is added to it while it is gone through.
  for (const operation of needed) {
    const asked = kept.includes(operation) ? operation : { ...operation, output: undefined };
    for (const write of open) if (!needed.has(write) && mayExplain(model, write, asked)) needed.add(write);
  }
  return part.filter((each) => needed.has(each));
}

/** The part with the answers of `kept` alone. */
function forgetting<Input, Output>(
  part: readonly Operation<Input, Output>[],
  kept: ReadonlySet<Operation<Input, Output>>,
): readonly Operation<Input, Output>[] {
  return part.map((each) =>
    kept.has(each) ? each : { ...each, output: undefined, returned: Number.POSITIVE_INFINITY },
  );
}

type Test<Item> = (items: readonly Item[]) => boolean;

/** The fewest first items that fail the test; all of them do. */
function prefix<Item>(items: readonly Item[], fails: Test<Item>): readonly Item[] {
  let low = 0;
  let high = items.length;
  while (low + 1 < high) {
    const middle = (low + high) >>> 1;
    if (fails(items.slice(0, middle))) high = middle;
    else low = middle;
  }
  return items.slice(0, high);
}

/** Few of the last items that fail: most contradictions are between operations close to each other. */
function recent<Item>(items: readonly Item[], fails: Test<Item>): readonly Item[] {
  for (let count = 2; count < items.length; count *= 2) {
    const last = items.slice(-count);
    if (fails(last)) return last;
  }
  return items;
}

/** Zeller's ddmin, complements alone: until no single item can be left out. */
function minimal<Item>(
  items: readonly Item[],
  fails: Test<Item>,
  shouldStop: () => boolean,
): readonly Item[] {
  let left = items;
  for (let size = left.length >>> 1; size >= 1; ) {
    let smaller = false;
    for (let at = 0; at < left.length && left.length > 1; ) {
      if (shouldStop()) return left;
      const without = [...left.slice(0, at), ...left.slice(at + size)];
      if (fails(without)) {
        left = without;
        smaller = true;
      } else {
        at += size;
      }
    }
    if (size === 1 && !smaller) break;
    if (size > 1) size = Math.min(size >>> 1, left.length);
  }
  return left;
}
