import { TanistError } from '../../foundation/errors.ts';
import type { OriginConfig } from '../config/source-schema.ts';
import { commandOrigin } from './command-origin.ts';
import { etcdOrigin, type OtherState } from './etcd-origin.ts';
import { fileOrigin } from './file-origin.ts';
import { httpOrigin } from './http-origin.ts';
import type { Origin } from './origin.ts';
import type { SecretPlaces } from './secrets.ts';

/** What the sources of this process may reach. Sources come from the state: whoever may write there must not run programs here unasked. */
export interface OriginPermissions {
  readonly commands: boolean;
  /** Files below this folder; null: none. */
  readonly files: string | null;
  readonly secrets: SecretPlaces;
  /** Those of kind `own`, by name. */
  readonly own: Readonly<Record<string, Origin>>;
  /** Connects to another etcd; `connectEtcd` of `tanist/client` serves. Null: such sources are refused. */
  readonly etcd: ((endpoints: readonly string[]) => Promise<OtherState>) | null;
  readonly wallMs: () => number;
}

/** Fails as `source-unsupported` where this process may not reach such a source, or cannot. */
export async function openOrigin(config: OriginConfig, may: OriginPermissions): Promise<Origin> {
  switch (config.kind) {
    case 'http':
      return httpOrigin(config, may.secrets, may.wallMs);
    case 'grpc': {
      const { grpcOrigin } = await import('./grpc-origin.ts');
      return grpcOrigin(config, may.secrets, may.wallMs);
    }
    case 'command':
      if (!may.commands)
        throw refused('it runs a command, which this process does not allow (commands: true allows it)');
      return commandOrigin(config, may.secrets);
    case 'file':
      if (may.files === null) throw refused('it reads a file, and this process names no folder of files');
      return fileOrigin(config, may.files, may.wallMs);
    case 'etcd':
      if (may.etcd === null)
        throw refused('it is in another etcd, and this process was given no way to connect there');
      return etcdOrigin(config, may.etcd);
    case 'own': {
      const origin = Object.hasOwn(may.own, config.name) ? may.own[config.name] : undefined;
      if (origin === undefined) throw refused(`its origin "${config.name}" is not in this process`);
      return origin;
    }
  }
}

function refused(wrong: string): TanistError {
  return new TanistError('source-unsupported', `this source cannot be asked from here: ${wrong}`);
}
