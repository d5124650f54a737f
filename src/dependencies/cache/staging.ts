import type { StagedFile } from './object-files.ts';

/** How much is in files that are being written. */
export class Staging {
  readonly #bytes = new Map<string, number>();
  #all = 0;

  get bytes(): number {
    return this.#all;
  }

  begin({ path }: StagedFile): void {
    this.#bytes.set(path, 0);
  }

  /** False: it has ended. */
  grew({ path }: StagedFile, bytes: number): boolean {
    const before = this.#bytes.get(path);
    if (before === undefined) return false;
    this.#bytes.set(path, before + bytes);
    this.#all += bytes;
    return true;
  }

  end({ path }: StagedFile): void {
    this.#all -= this.#bytes.get(path) ?? 0;
    this.#bytes.delete(path);
  }
}
