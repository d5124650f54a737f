import { search } from '@aws-lambda-powertools/jmespath';
import { TanistError } from '../../foundation/errors.ts';
import { pointerTokens } from '../../prediction/online/json-pointer.ts';

/** Takes a part of a document; `undefined`: it is not there. */
export type Expression = (document: unknown) => unknown;

const known = new Map<string, Expression>();
const mostKnown = 1000;

/** A JSON pointer (RFC 6901) when it begins with `/` or is empty, else JMESPath. Fails as `invalid-argument`. */
export function expressionOf(text: string): Expression {
  const found = known.get(text);
  if (found !== undefined) return found;
  const made = text === '' || text.startsWith('/') ? pointer(text) : jmesPath(text);
  if (known.size >= mostKnown) known.clear();
  known.set(text, made);
  return made;
}

function pointer(text: string): Expression {
  const tokens = pointerTokens(text);
  if (tokens === null) throw new TanistError('invalid-argument', `"${text}" is no JSON pointer`);
  return (document) => {
    let value = document;
    for (const token of tokens) {
      if (value === null || typeof value !== 'object' || !Object.hasOwn(value, token)) return undefined;
      value = (value as Readonly<Record<string, unknown>>)[token];
    }
    return value;
  };
}

function jmesPath(text: string): Expression {
  const evaluate = (document: unknown): unknown => {
    // The library's JSON type says the same as `unknown` does of a parsed document.
    return search(text, document as Parameters<typeof search>[1]);
  };
  try {
    evaluate({});
  } catch (error) {
    // Types are wrong of an empty document; only the language is judged here.
    const name = error instanceof Error ? error.name : '';
    if (name !== 'JMESPathTypeError' && name !== 'JMESPathError')
      throw new TanistError('invalid-argument', `"${text}" is no JMESPath expression`, { cause: error });
  }
  return (document) => evaluate(document) ?? undefined;
}
