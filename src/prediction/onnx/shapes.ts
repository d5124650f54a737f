import { assert, present } from '../../foundation/assert.ts';
import type { Dim, Shape } from './graph.ts';

/** Shape of an elementwise result under NumPy's broadcasting (ONNX, "Multidirectional Broadcasting"). */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    assert(left === right || left === 1 || right === 1, `shapes [${a}] and [${b}] do not broadcast`);
    return left === 1 ? right : left;
  });
}

/** Axes of `wide` along which a value of shape `narrow` was repeated. */
export function repeatedAxes(narrow: Shape, wide: Shape): readonly number[] {
  const offset = wide.length - narrow.length;
  return wide.flatMap((size, axis) =>
    axis < offset || (narrow[axis - offset] === 1 && size !== 1) ? [axis] : [],
  );
}

/** A size that must be known when the graph is built. */
export function known(size: Dim | undefined): number {
  assert(typeof size === 'number', `a size is needed here that is known only when the graph runs: ${size}`);
  return size;
}

export function count(shape: Shape): number {
  return shape.reduce<number>((product, size) => product * known(size), 1);
}

export function last(shape: Shape): Dim {
  return present(shape[shape.length - 1], 'a scalar has no last axis');
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
