import type { Origin, OriginAnswer, OriginRequest } from '../../src/mirrors/sources/origin.ts';

/** An origin in this process: answers what the test says, and counts. */
export class FakeOrigin implements Origin {
  readonly documents = new Map<string, unknown>();
  readonly asked: string[] = [];
  /** Instead of the documents. */
  answer: ((request: OriginRequest) => OriginAnswer | Promise<OriginAnswer>) | null = null;
  /** Held until `release`. */
  #held: (() => void)[] | null = null;

  async fetch(request: OriginRequest): Promise<OriginAnswer> {
    this.asked.push(request.key);
    if (this.#held !== null) await new Promise<void>((resolve) => this.#held?.push(resolve));
    if (this.answer !== null) return await this.answer(request);
    const document = this.documents.get(request.key);
    if (document === undefined) return { kind: 'gone', originMs: null };
    return content(document);
  }

  hold(): void {
    this.#held = [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const go of held) go();
  }
}

export function content(
  document: unknown,
  rest: Partial<Extract<OriginAnswer, { kind: 'content' }>> = {},
): OriginAnswer {
  return { kind: 'content', document, validators: {}, changedAtMs: null, originMs: null, ...rest };
}
