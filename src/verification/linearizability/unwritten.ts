import type { Operation } from '../history.ts';
import type { Model } from './model.ts';

/**
 * Whether an answer of this part needs a value that is neither there in the beginning nor made by an operation that was called before the answer returned:
 * then no order explains it, and none need be searched. Linear in the part; false where values can't be said.
 */
export function hasUnwrittenValue<State, Input, Output>(
  { values, init }: Model<State, Input, Output>,
  part: readonly Operation<Input, Output>[],
): boolean {
  const initial = values?.of(init());
  if (values === undefined || initial === undefined) return false;
  const makers = new Map<string | null, Makers<Input, Output>>();
  for (const operation of part) {
    const made = values.makes(operation);
    if (made === undefined) return false;
    for (const value of made) {
      const { first, second } = makers.get(value) ?? {};
      const isFirst = first === undefined || operation.called < first.called;
      makers.set(value, {
        first: isFirst ? operation : first,
        second: Math.min(second ?? never, isFirst ? (first?.called ?? never) : operation.called),
      });
    }
  }
  return part.some((operation) => {
    if (operation.output === undefined) return false;
    const needed = values.needs(operation);
    if (needed === undefined || needed === initial) return false;
    const maker = makers.get(needed);
    if (maker === undefined) return true;
    // Nothing makes what it needs itself.
    return (maker.first === operation ? maker.second : maker.first.called) > operation.returned;
  });
}

/** Who could make a value first, and when another one could. */
interface Makers<Input, Output> {
  readonly first: Operation<Input, Output>;
  readonly second: number;
}

const never = Number.POSITIVE_INFINITY;
