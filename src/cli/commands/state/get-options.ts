import type { ClientOptions } from '../../command.ts';

export interface GetOptions extends ClientOptions {
  readonly prefix?: boolean;
  readonly limit?: number;
  readonly revision?: number;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
  readonly consistency: string;
  readonly minConfidence?: number;
}
