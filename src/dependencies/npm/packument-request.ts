import type { AddressRequest } from '../fetch/address-request.ts';
import { mostMissingMs } from '../fetch/missing.ts';
import { type NpmConfig, registryFor } from './npm-config.ts';
import { encodedName } from './package-path.ts';

export interface MetadataOptions {
  readonly npm: NpmConfig;
  readonly metadataTtlMs: number;
  /** Whether other agents' word on metadata is believed for that time. */
  readonly metadataFromPeers: boolean;
}

const abbreviated = 'application/vnd.npm.install-v1+json';

/** Whether the abbreviated form, with what an installation needs alone, is asked for. */
export const wantsAbbreviated = (accept: string | undefined): boolean => (accept ?? '').includes(abbreviated);

/** What a registry is asked for a package's metadata. `below`: empty, or `/` and a version or tag. */
export function packumentRequest(
  options: MetadataOptions,
  name: string,
  below: string,
  isShort: boolean,
): AddressRequest {
  const { metadataTtlMs, metadataFromPeers } = options;
  return {
    url: new URL(`${encodedName(name)}${below}`, registryFor(options.npm, name).href),
    headers: {
      accept: isShort ? `${abbreviated}; q=1.0, application/json; q=0.8` : 'application/json',
      'accept-encoding': 'gzip',
    },
    variant: isShort ? 'abbreviated' : 'full',
    immutable: false,
    mostAgeMs: Number.POSITIVE_INFINITY,
    reload: false,
    defaultTtlMs: metadataTtlMs,
    mostTtlMs: metadataTtlMs,
    missingTtlMs: Math.min(mostMissingMs, metadataTtlMs),
    fromPeers: metadataFromPeers,
  };
}
