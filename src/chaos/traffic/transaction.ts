import type { ClientCompare, ClientOperation, ClientTxn } from '../../ports/state-client.ts';

export function transaction(
  compares: readonly ClientCompare[],
  operations: readonly ClientOperation[],
  otherwise: readonly ClientOperation[] = [],
): ClientTxn {
  // biome-ignore lint/suspicious/noThenProperty: the word that etcd's transactions use
  return { if: compares, then: operations, else: otherwise };
}
