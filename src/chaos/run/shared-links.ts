import type { Links, Shape } from '../target.ts';

/**
 * Links that several scripts shape at the same time: what one does stands beside what the others do, and its `heal` undoes its own
 * alone. Of two shapes of one link the worse holds in each respect.
 */
export class SharedLinks {
  readonly #links: Links;
  readonly #views = new Set<Map<string, Shape>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(links: Links) {
    this.#links = links;
  }

  view(): Links {
    const own = new Map<string, Shape>();
    this.#views.add(own);
    return {
      how: this.#links.how,
      why: this.#links.why,
      can: (ability) => this.#links.can(ability),
      shape: (from, to, shape) => {
        own.set(keyOf(from, to), shape);
        return this.#apply([keyOf(from, to)]);
      },
      heal: () => {
        const keys = [...own.keys()];
        if (keys.length === 0) return Promise.resolve();
        own.clear();
        return this.#apply(keys);
      },
    };
  }

  /** One after the other: the last order is the one that holds. */
  #apply(keys: readonly string[]): Promise<void> {
    const done = this.#last.then(async () => {
      const shaped = [...this.#views].some((view) => view.size > 0);
      if (!shaped) {
        await this.#links.heal();
        return;
      }
      await Promise.all(
        keys.map((key) => {
          const [from = '', to = ''] = key.split(separator);
          const shapes = [...this.#views].flatMap((view) => view.get(key) ?? []);
          return this.#links.shape(from, to, worst(shapes));
        }),
      );
    });
    this.#last = done.catch(() => undefined);
    return done;
  }
}

const separator = '>';

function keyOf(from: string, to: string): string {
  return `${from}${separator}${to}`;
}

export function worst(shapes: readonly Shape[]): Shape {
  let all: Shape = {};
  for (const shape of shapes) {
    const bytesPerSecond = least(all.bytesPerSecond, shape.bytesPerSecond);
    const delayMs = most(all.delayMs, shape.delayMs);
    const jitterMs = most(all.jitterMs, shape.jitterMs);
    const loss = most(all.loss, shape.loss);
    all = {
      ...(all.cut === true || shape.cut === true ? { cut: true } : {}),
      ...(delayMs === undefined ? {} : { delayMs }),
      ...(jitterMs === undefined ? {} : { jitterMs }),
      ...(loss === undefined ? {} : { loss }),
      ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
    };
  }
  return all;
}

function most(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.max(a, b);
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}
