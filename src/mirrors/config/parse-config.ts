import * as v from 'valibot';
import { configIssue } from '../../foundation/config-issue.ts';
import { asError, TanistError } from '../../foundation/errors.ts';
import { parseYaml } from '../../foundation/parse-yaml.ts';
import { expressionOf } from '../format/expression.ts';
import { sourceNamePattern } from '../resource-id.ts';
import { type SourceConfig, sourceSchema } from './source-schema.ts';

export type Sources = Readonly<Record<string, SourceConfig>>;

/** Sources from YAML or JSON: `sources: { NAME: … }`. Fails as `config-invalid`, naming what is wrong and where. */
export function parseSources(content: string): Sources {
  let document: unknown;
  try {
    document = parseYaml(content);
  } catch (error) {
    throw new TanistError('config-invalid', `the mirrors' config: ${asError(error).message}`);
  }
  const whole = v.safeParse(v.strictObject({ sources: v.record(v.string(), v.unknown()) }), document);
  if (!whole.success)
    throw new TanistError(
      'config-invalid',
      "the mirrors' config must be `sources:` with a source under each name",
    );
  return Object.fromEntries(
    Object.entries(whole.output.sources).map(([name, source]) => [name, parseSource(name, source)]),
  );
}

/** One source, as an object. Fails as `config-invalid`. */
export function parseSource(name: string, source: unknown): SourceConfig {
  const fail = (wrong: string): never => {
    throw new TanistError('config-invalid', `source ${name}: ${wrong}`);
  };
  if (!sourceNamePattern.test(name))
    fail('its name must be lower-case letters, digits and dashes, at most 63');
  const parsed = v.safeParse(sourceSchema, source);
  const issue = configIssue(sourceSchema, source, parsed.issues);
  if (issue !== null || !parsed.success) return fail(issue ?? 'is not a source');
  const { format } = parsed.output;
  const all = {
    ...format.fields,
    ...format.labels,
    key: format.key,
    version: format.version,
    changedAt: format.changedAt,
  };
  for (const [field, expression] of Object.entries(all)) {
    if (expression === undefined) continue;
    try {
      expressionOf(expression);
    } catch (error) {
      fail(`format.${field}: ${asError(error).message}`);
    }
  }
  return parsed.output;
}
