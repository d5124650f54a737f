import type { RewrittenPackument } from './packument.ts';

const mostBytes = 64 * 1024 * 1024;

/** The latest rewritten packuments. */
export class KeptPackuments {
  readonly #kept = new Map<string, RewrittenPackument>();
  #bytes = 0;

  get(name: string): RewrittenPackument | undefined {
    return this.#kept.get(name);
  }

  keep(name: string, packument: RewrittenPackument): void {
    if (!this.#kept.has(name)) this.#bytes += packument.body.length;
    this.#kept.delete(name);
    this.#kept.set(name, packument);
    for (const [oldest, { body }] of this.#kept) {
      if (this.#bytes <= mostBytes || oldest === name) break;
      this.#kept.delete(oldest);
      this.#bytes -= body.length;
    }
  }
}
