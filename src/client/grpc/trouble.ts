/** What grpc-js says of a broken or missing connection, in one line that says what is wrong and without its own notes. */
export function troubleOf(details: string): string {
  const last =
    /^No connection established\. Last error: (?:Error: )?(.*?)(?: \(\d{4}-[^)]*\))?\. Resolution note:/.exec(
      details,
    )?.[1];
  if (last?.includes('ECONNREFUSED') === true) return 'nothing listens there (ECONNREFUSED)';
  if (last !== undefined) return `no connection (${last})`;
  if (details.startsWith('Name resolution failed')) return 'the host name cannot be resolved';
  if (details.includes('without gRPC status')) return 'it answers, but not as a Tanist node does';
  if (details === 'Connection dropped')
    return 'the connection broke; it may be starting again, try once more';
  return details.replace(/\s*Resolution note:.*$/s, '').replace(/\s*\n\s*/g, ' ');
}
