import type { ClientOptions } from '../../command.ts';

export const orders = ['ascend', 'descend'] as const;
export const sortTargets = ['key', 'version', 'create', 'mod', 'value'] as const;

export interface GetOptions extends ClientOptions {
  readonly prefix?: boolean;
  readonly limit?: number;
  readonly revision?: number;
  readonly order?: (typeof orders)[number];
  readonly sortBy?: (typeof sortTargets)[number];
  readonly minModRevision?: number;
  readonly maxModRevision?: number;
  readonly minCreateRevision?: number;
  readonly maxCreateRevision?: number;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
  readonly consistency: string;
  readonly minConfidence?: number;
  readonly zone?: string;
  readonly region?: string;
}
