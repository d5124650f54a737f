import { TanistError } from '../foundation/errors.ts';

/** `host:port`, with an IPv6 address in brackets. */
export function isEndpoint(text: string): boolean {
  const port = /^(?:[^:\s/]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})$/.exec(text)?.[1];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}

/** Endpoints as users give them: a list, or text with commas. Fails as `invalid-argument`. */
export function endpointList(given: string | readonly string[]): readonly string[] {
  const endpoints = typeof given === 'string' ? given.split(',') : given;
  const trimmed = endpoints.map((endpoint) => endpoint.trim()).filter((endpoint) => endpoint !== '');
  if (trimmed.length === 0)
    throw new TanistError('invalid-argument', 'no endpoint given; name at least one host:port');
  const wrong = trimmed.find((endpoint) => !isEndpoint(endpoint));
  if (wrong !== undefined)
    throw new TanistError(
      'invalid-argument',
      `"${wrong}" is not an endpoint; write host:port, without a scheme`,
    );
  return trimmed;
}
