/** The parts of `host:port`; brackets around an IPv6 address are taken off. Without a colon the host is empty. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return {
    host: address.slice(0, Math.max(0, colon)).replace(/^\[(.*)\]$/, '$1'),
    port: Number(address.slice(colon + 1)),
  };
}
