import type { ClientOptions } from '../command.ts';

/** What every `tanist mirror` command was asked for. */
export interface MirrorOptions extends ClientOptions {
  /** Endpoints of a real etcd that holds the mirrors. */
  readonly etcd?: readonly string[];
}

export interface ViewOptions extends MirrorOptions {
  /** They are read at the nearest warm replica, those of this zone first. */
  readonly zone?: string;
}

export interface RefreshOptions {
  readonly invalidate?: boolean;
  readonly force?: boolean;
}

export interface ServeOptions {
  readonly config?: string;
  readonly name?: string;
  readonly parallel: number;
  readonly http?: number;
  readonly httpHost?: string;
  readonly webhookSecretEnv?: string;
  readonly allowCommands?: boolean;
  readonly files?: string;
  readonly secrets?: string;
}
