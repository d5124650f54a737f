/** Whom a caller follows, in the metadata of a call: the cluster id, percent-encoded. A member of another lineage refuses it instead of mixing in. */
export const lineageHeader = 'tanist-lineage';

export function lineageHeaderOf(clusterId: string): string {
  return encodeURIComponent(clusterId);
}

/** Null: the caller says nothing, or nothing that can be read. */
export function clusterInHeader(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null;
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}
