/**
 * What happens in a run. Every event goes into a digest, so that two runs can be compared; lines are kept only when somebody wants to read
 * them.
 */
export class Trace {
  readonly lines: string[] = [];
  readonly #keep: boolean;
  readonly #nowMs: () => number;
  #digest = 0x811c9dc5;
  #events = 0;

  constructor(keep: boolean, nowMs: () => number) {
    this.#keep = keep;
    this.#nowMs = nowMs;
  }

  get events(): number {
    return this.#events;
  }

  /** Of everything so far: equal for equal runs. */
  get digest(): string {
    return (this.#digest >>> 0).toString(16).padStart(8, '0');
  }

  get keeps(): boolean {
    return this.#keep;
  }

  /** `detail` is asked for only if lines are kept. */
  event(who: string, what: string, detail?: () => string): void {
    this.#events++;
    const nowMs = this.#nowMs();
    this.#mix((nowMs * 1000) | 0);
    this.#mixText(who);
    this.#mixText(what);
    if (!this.#keep) return;
    const at = nowMs.toFixed(3).padStart(11);
    this.lines.push(`${at} ${who.padEnd(8)} ${what}${detail === undefined ? '' : ` ${detail()}`}`);
  }

  #mix(word: number): void {
    this.#digest = Math.imul(this.#digest ^ word, 0x01000193);
  }

  #mixText(text: string): void {
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i));
  }
}
