import { TanistError } from '../foundation/errors.ts';

/** Endpoints as users give them: a list, or text with commas. Fails as `invalid-argument`. */
export function endpointList(given: string | readonly string[]): readonly string[] {
  const endpoints = typeof given === 'string' ? given.split(',') : given;
  const trimmed = endpoints.map((endpoint) => endpoint.trim()).filter((endpoint) => endpoint !== '');
  if (trimmed.length === 0)
    throw new TanistError('invalid-argument', 'no endpoint given; name at least one host:port');
  for (const endpoint of trimmed) {
    if (!/^\S+:\d{1,5}$/.test(endpoint)) {
      throw new TanistError(
        'invalid-argument',
        `"${endpoint}" is not an endpoint; write host:port, without a scheme`,
      );
    }
  }
  return trimmed;
}
