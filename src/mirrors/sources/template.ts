import { pointerTokens } from '../../prediction/online/json-pointer.ts';

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

/** A JSON object with these texts in it, by JSON pointer; objects on the way are made. */
export function withTexts(template: unknown, texts: Readonly<Record<string, string>>): unknown {
  let made = template;
  for (const [at, text] of Object.entries(texts)) made = withText(made, pointerTokens(at) ?? [], text);
  return made;
}

function withText(template: unknown, [token, ...rest]: readonly string[], text: string): unknown {
  if (token === undefined) return text;
  const object = template !== null && typeof template === 'object' ? template : {};
  const inner = withText((object as Readonly<Record<string, unknown>>)[token], rest, text);
  return Array.isArray(object)
    ? object.map((each: unknown, i) => (String(i) === token ? inner : each))
    : { ...object, [token]: inner };
}

/** Segments `.` and `..` would be resolved away by URLs, and mean another resource. */
function encodeSegment(segment: string): string {
  return /^\.{1,2}$/.test(segment) ? segment.replaceAll('.', '%252E') : encodeURIComponent(segment);
}
