import { TanistError } from '../../foundation/errors.ts';
import { parseSource } from '../config/parse-config.ts';
import type { SourceConfig } from '../config/source-schema.ts';
import type { ResourceId } from '../resource-id.ts';
import { type OriginPermissions, openOrigin } from '../sources/open-origin.ts';
import type { Origin } from '../sources/origin.ts';

interface Known {
  readonly config: SourceConfig;
  readonly local: boolean;
  readonly text: string;
  opened: Promise<Origin> | null;
}

/** The sources that this process knows: its own, and those in the state. Its own win. */
export class SourceBook {
  readonly #known = new Map<string, Known>();
  readonly #may: OriginPermissions;

  constructor(may: OriginPermissions) {
    this.#may = may;
  }

  get(name: string): SourceConfig | null {
    return this.#known.get(name)?.config ?? null;
  }

  /** Whether its config is the one in the state. */
  isShared(name: string): boolean {
    return this.#known.get(name)?.local === false;
  }

  names(): readonly string[] {
    return [...this.#known.keys()];
  }

  /** Fails as `source-unknown`. */
  configOf(name: string): SourceConfig {
    const config = this.get(name);
    if (config !== null) return config;
    throw unknownSource(name);
  }

  setLocal(name: string, config: SourceConfig): void {
    this.#set(name, config, true);
  }

  /** From the state; a config that this version cannot read is left out, and returned as the error. */
  setShared(name: string, content: unknown): TanistError | null {
    if (this.#known.get(name)?.local === true) return null;
    if (content === null) {
      this.#remove(name);
      return null;
    }
    try {
      this.#set(name, parseSource(name, content), false);
      return null;
    } catch (error) {
      this.#remove(name);
      return error instanceof TanistError ? error : new TanistError('config-invalid', String(error));
    }
  }

  /** Fails as `source-unknown` and `source-unsupported`. */
  origin(name: string): Promise<Origin> {
    this.configOf(name);
    const known = this.#known.get(name);
    if (known === undefined) return Promise.reject(unknownSource(name));
    known.opened ??= openOrigin(known.config.origin, this.#may).catch((error: unknown) => {
      known.opened = null;
      throw error;
    });
    return known.opened;
  }

  isMirrored({ source, key }: ResourceId): boolean {
    const config = this.get(source);
    if (config === null) return false;
    return (
      config.mirror &&
      !config.except.some((each) => (each.endsWith('*') ? key.startsWith(each.slice(0, -1)) : each === key))
    );
  }

  async close(): Promise<void> {
    for (const name of [...this.#known.keys()]) this.#remove(name);
  }

  #set(name: string, config: SourceConfig, local: boolean): void {
    const text = JSON.stringify(config);
    if (this.#known.get(name)?.text === text) return;
    this.#remove(name);
    this.#known.set(name, { config, local, text, opened: null });
  }

  #remove(name: string): void {
    const known = this.#known.get(name);
    this.#known.delete(name);
    // Own origins belong to whoever made them.
    if (known?.config.origin.kind === 'own') return;
    void known?.opened?.then((origin) => origin.close?.()).catch(() => undefined);
  }
}

export function unknownSource(name: string): TanistError {
  return new TanistError(
    'source-unknown',
    `no source "${name}" is known; define it in the config, or with tanist mirror add`,
  );
}
