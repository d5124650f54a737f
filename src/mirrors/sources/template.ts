/** Puts the key where `{key}` stands, encoded as one segment of a URL, or `{+key}`, with its slashes kept. */
export function urlFor(template: string, key: string): string {
  return template
    .replaceAll('{key}', () => encodeSegment(key))
    .replaceAll('{+key}', () => key.split('/').map(encodeSegment).join('/'));
}

export function textFor(template: string, key: string): string {
  return template.replaceAll('{key}', () => key).replaceAll('{+key}', () => key);
}

/** In every text of a JSON value. */
export function jsonFor(template: unknown, key: string): unknown {
  if (typeof template === 'string') return textFor(template, key);
  if (Array.isArray(template)) return template.map((each) => jsonFor(each, key));
  if (template === null || typeof template !== 'object') return template;
  return Object.fromEntries(Object.entries(template).map(([name, each]) => [name, jsonFor(each, key)]));
}

/** Segments `.` and `..` would be resolved away by URLs, and mean another resource. */
function encodeSegment(segment: string): string {
  return /^\.{1,2}$/.test(segment) ? segment.replaceAll('.', '%252E') : encodeURIComponent(segment);
}
