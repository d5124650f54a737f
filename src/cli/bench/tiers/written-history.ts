/** What keys were at each revision, as their writer knows: an answer of any replica must be one of those states. */
export class WrittenHistory {
  /** By key, in order of revision. */
  readonly #values = new Map<string, { readonly revision: number; readonly value: string }[]>();
  #newest = 0;

  /** Writes of one key come in the order of their revisions. */
  put(key: string, value: string, revision: number): void {
    const values = this.#values.get(key) ?? [];
    values.push({ revision, value });
    this.#values.set(key, values);
    this.#newest = Math.max(this.#newest, revision);
  }

  /** The last revision that was written. */
  get newest(): number {
    return this.#newest;
  }

  /** Keys that `shown`, an answer about all keys that begin with `prefix` at that revision, has wrong: missing, never written, of another time. */
  wrong(shown: ReadonlyMap<string, string>, revision: number, prefix: string): readonly string[] {
    const keys = new Set([...this.#values.keys(), ...shown.keys()]);
    return [...keys].filter(
      (key) => key.startsWith(prefix) && shown.get(key) !== this.#valueAt(key, revision),
    );
  }

  #valueAt(key: string, revision: number): string | undefined {
    return this.#values.get(key)?.findLast((written) => written.revision <= revision)?.value;
  }
}
