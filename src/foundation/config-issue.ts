import type * as v from 'valibot';
import { suggestion } from './suggestion.ts';

type Schema = v.GenericSchema & Inside;
type Issue = v.BaseIssue<unknown>;

/** The parts of a schema that have something inside: an optional one, a list, a map. */
interface Inside {
  readonly wrapped?: Schema;
  readonly item?: Schema;
  readonly entries?: Readonly<Record<string, Schema>>;
}

/**
 * What is wrong with a text that people write, in one line: path of the key, what is allowed there, what was found. Null: `content` is as the
 * schema wants it. Schemas of `valibot`: strict maps, lists, plain values.
 */
export function configIssue(
  schema: Schema,
  content: unknown,
  issues: readonly Issue[] | undefined,
): string | null {
  // Valibot takes a list for a map without keys.
  const list = listWhereMap(schema, content, '');
  if (list !== null) return `${list || 'the file'}: must be a map of keys and values`;
  // A key that is unknown says more than the one that is missing for it.
  const issue = issues?.find(({ expected }) => expected === 'never') ?? issues?.[0];
  return issue === undefined ? null : described(schema, issue);
}

function described(schema: Schema, issue: Issue): string {
  const keys = (issue.path ?? []).map(({ key }) => key);
  const path = keys.reduce<string>(longer, '');
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const allowed = Object.keys(insideOf(keys.slice(0, -1).reduce(below, schema))?.entries ?? {});
    const last = String(keys.at(-1));
    return `${path}: unknown key; allowed here: ${allowed.join(', ')}${suggestion(last, allowed)}`;
  }
  if (issue.type === 'strict_object' && issue.received === 'undefined') return `${path}: is missing`;
  if (issue.type === 'strict_object') return `${path || 'the file'}: must be a map of keys and values`;
  return `${path}: ${issue.message}${issue.input === undefined ? '' : `, not ${shown(issue.input)}`}`;
}

function longer(path: string, key: unknown): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  return path === '' ? String(key) : `${path}.${String(key)}`;
}

function below(schema: Schema | undefined, key: unknown): Schema | undefined {
  const { item, entries } = insideOf(schema) ?? {};
  return typeof key === 'number' ? item : entries?.[String(key)];
}

function insideOf(schema: Schema | undefined): Inside | undefined {
  return schema?.wrapped === undefined ? schema : insideOf(schema.wrapped);
}

function listWhereMap(schema: Schema | undefined, content: unknown, path: string): string | null {
  const { item, entries } = insideOf(schema) ?? {};
  if (entries !== undefined && Array.isArray(content)) return path;
  if (typeof content !== 'object' || content === null) return null;
  const inside = Array.isArray(content)
    ? content.map((value, index) => [index, item, value] as const)
    : Object.entries(content).map(([key, value]) => [key, entries?.[key], value] as const);
  for (const [key, each, value] of inside) {
    const found = listWhereMap(each, value, longer(path, key));
    if (found !== null) return found;
  }
  return null;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
