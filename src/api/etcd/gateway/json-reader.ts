import { quotedByte } from './go-texts.ts';

/** A number as it was written: JavaScript's own would lose the last digits of 64 bit ids. */
export interface JsonNumber {
  readonly digits: string;
}
export type JsonObject = ReadonlyMap<string, Json>;
export type Json = null | boolean | string | JsonNumber | readonly Json[] | JsonObject;

/** What is wrong with the text, worded as Go's encoding/json does, since that is what etcd's callers see. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

const deepest = 100;
/** The largest transaction is far below; reading so many takes a few ms. */
const mostValues = 65_536;
const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings.
const plain = /[^"\\\u0000-\u001f]*/y;
const escaped = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const literals = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const;

/**
 * JSON values one after the other, as a request's body holds them. Linear in the length of the text; nesting and the number of values
 * are bounded. Of a name given twice the last counts.
 */
export class JsonReader {
  readonly #text: string;
  #at = 0;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next value; undefined when there is none. Fails with JsonError. */
  next(): Json | undefined {
    this.#match(space);
    return this.#at === this.#text.length ? undefined : this.#value(1);
  }

  #value(depth: number): Json {
    this.#values += 1;
    if (this.#values > mostValues) throw new JsonError(`more than ${mostValues} values`);
    if (depth > deepest) throw new JsonError('exceeded max depth');
    this.#match(space);
    const first = this.#peek();
    if (first === '"') return this.#string();
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#array(depth);
    for (const [word, value] of literals) {
      if (first !== word[0]) continue;
      this.#literal(word);
      return value;
    }
    return { digits: this.#number(first) };
  }

  #literal(word: string): void {
    for (const letter of word) {
      if (this.#peek() !== letter) throw this.#unexpected(`in literal ${word} (expecting '${letter}')`);
      this.#at += 1;
    }
  }

  #number(first: string): string {
    const digits = this.#match(number);
    const next = this.#text[this.#at] ?? '';
    const isWhole = !/[.eE]/.test(digits);
    if (digits === '' && first === '-') throw this.#unexpectedAfter(1, 'in numeric literal');
    if (digits === '') throw this.#unexpected('looking for beginning of value');
    if (next === '.' && isWhole) throw this.#unexpectedAfter(1, 'after decimal point in numeric literal');
    if ((next === 'e' || next === 'E') && !/[eE]/.test(digits)) {
      const signed = /[+-]/.test(this.#text[this.#at + 1] ?? '');
      throw this.#unexpectedAfter(signed ? 2 : 1, 'in exponent of numeric literal');
    }
    return digits;
  }

  #object(depth: number): JsonObject {
    const found = new Map<string, Json>();
    this.#at += 1;
    for (let c = this.#next(); c !== '}' || found.size > 0; c = this.#next()) {
      if (c !== '"') throw this.#unexpected('looking for beginning of object key string');
      const name = this.#string();
      if (this.#next() !== ':') throw this.#unexpected('after object key');
      this.#at += 1;
      found.set(name, this.#value(depth + 1));
      const after = this.#next();
      if (after === '}') break;
      if (after !== ',') throw this.#unexpected('after object key:value pair');
      this.#at += 1;
    }
    this.#at += 1;
    return found;
  }

  #array(depth: number): readonly Json[] {
    const found: Json[] = [];
    this.#at += 1;
    if (this.#next() !== ']') {
      for (;;) {
        found.push(this.#value(depth + 1));
        const after = this.#next();
        if (after === ']') break;
        if (after !== ',') throw this.#unexpected('after array element');
        this.#at += 1;
      }
    }
    this.#at += 1;
    return found;
  }

  #string(): string {
    const from = this.#at;
    this.#at += 1;
    this.#match(plain);
    if (this.#peek() === '"') {
      this.#at += 1;
      return this.#text.slice(from + 1, this.#at - 1);
    }
    while (this.#peek() !== '"') {
      if (this.#match(escaped) === '') throw this.#wrongInString();
      this.#match(plain);
    }
    this.#at += 1;
    return JSON.parse(this.#text.slice(from, this.#at)) as string;
  }

  #wrongInString(): JsonError {
    if (this.#peek() !== '\\') return this.#unexpected('in string literal');
    if (this.#text[this.#at + 1] !== 'u') return this.#unexpectedAfter(1, 'in string escape code');
    const hexadecimal = /^[0-9a-fA-F]*/.exec(this.#text.slice(this.#at + 2, this.#at + 6))?.[0] ?? '';
    return this.#unexpectedAfter(2 + hexadecimal.length, 'in \\u hexadecimal character escape');
  }

  /** The next character behind white space. */
  #next(): string {
    this.#match(space);
    return this.#peek();
  }

  #peek(): string {
    const c = this.#text[this.#at];
    if (c === undefined) throw new JsonError('unexpected EOF');
    return c;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #unexpected(where: string): JsonError {
    const c = this.#text.codePointAt(this.#at);
    if (c === undefined) return new JsonError('unexpected EOF');
    return new JsonError(`invalid character ${quotedByte(String.fromCodePoint(c))} ${where}`);
  }

  #unexpectedAfter(characters: number, where: string): JsonError {
    this.#at += characters;
    return this.#unexpected(where);
  }
}
