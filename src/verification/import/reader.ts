import { TanistError } from '../../foundation/errors.ts';

/**
 * A value of EDN or JSON. Keywords and symbols are strings as they are written (`:read`), lists, vectors and sets arrays; whole numbers
 * that a double can't hold are bigints.
 */
export type Data = null | boolean | number | bigint | string | readonly Data[] | ReadonlyMap<Data, Data>;

export interface ReadValue {
  readonly value: Data;
  /** From 1. */
  readonly line: number;
}

/** Errors: `invalid-argument`. */
export function unreadable(line: number, problem: string): TanistError {
  return new TanistError('invalid-argument', `line ${line}: ${problem}`);
}

/** How deeply values may lie in each other. */
const maxDepth = 64;

const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };
const characters: Readonly<Record<string, string>> = { newline: '\n', space: ' ', tab: '\t', return: '\r' };

/** Reads EDN (github.com/edn-format/edn), of which JSON differs by a colon between key and value, and `null`. */
export class Reader {
  readonly #text: string;
  readonly #json: boolean;
  #at = 0;
  #line: number;

  constructor(text: string, format: 'edn' | 'json', line = 1) {
    this.#text = text;
    this.#json = format === 'json';
    this.#line = line;
  }

  get line(): number {
    return this.#line;
  }

  /** All values, one behind the other; of one vector alone what is in it, so that either way each record has its line. */
  records(): readonly ReadValue[] {
    this.#skip();
    const vector = this.#peek() === '[' || this.#peek() === '(';
    if (!vector) return this.#until(null);
    const begin = { at: this.#at, line: this.#line };
    const close = closers[this.#take()] ?? ']';
    const inside = this.#until(close);
    this.#skip();
    if (this.#at >= this.#text.length) return inside;
    this.#at = begin.at;
    this.#line = begin.line;
    return this.#until(null);
  }

  #until(close: string | null, depth = 0): readonly ReadValue[] {
    if (depth > maxDepth) throw unreadable(this.#line, `more than ${maxDepth} brackets in each other`);
    const begun = this.#line;
    const values: ReadValue[] = [];
    for (;;) {
      this.#skip();
      if (this.#at >= this.#text.length) {
        if (close === null) return values;
        throw unreadable(begun, `what begins here has no ${close} at its end`);
      }
      if (this.#peek() === close) {
        this.#take();
        return values;
      }
      const { line } = this;
      values.push({ value: this.#value(depth), line });
    }
  }

  #value(depth: number): Data {
    const char = this.#take();
    if (char === '"') return this.#string();
    if (char === '(' || char === '[')
      return this.#until(closers[char] ?? null, depth + 1).map(({ value }) => value);
    if (char === '{') return this.#map(depth);
    if (char === '#') return this.#tagged(depth);
    if (char === '\\') {
      const name = this.#take() + this.#word();
      return characters[name] ?? name;
    }
    if (char === ')' || char === ']' || char === '}')
      throw unreadable(this.#line, `${char} that closes nothing`);
    return this.#atom(char + this.#word());
  }

  #map(depth: number): ReadonlyMap<Data, Data> {
    const { line } = this;
    const flat = this.#until('}', depth + 1);
    if (flat.length % 2 === 1) throw unreadable(line, 'a map with a key that has no value');
    const map = new Map<Data, Data>();
    for (let i = 0; i + 1 < flat.length; i += 2) map.set(flat[i]?.value ?? null, flat[i + 1]?.value ?? null);
    return map;
  }

  /** `#{…}` is a set; any other tag is as if it were not there. */
  #tagged(depth: number): Data {
    if (this.#peek() === '{') {
      this.#take();
      return this.#until('}', depth + 1).map(({ value }) => value);
    }
    const tag = this.#word();
    this.#skip();
    if (this.#at >= this.#text.length) throw unreadable(this.#line, `nothing behind #${tag}`);
    return this.#value(depth + 1);
  }

  #string(): string {
    const begun = this.#line;
    let text = '';
    while (this.#at < this.#text.length) {
      const char = this.#take();
      if (char === '"') return text;
      if (char !== '\\') {
        text += char;
        continue;
      }
      const name = this.#take();
      if (name === 'u') {
        text += String.fromCharCode(Number.parseInt(this.#text.slice(this.#at, this.#at + 4), 16));
        this.#at += 4;
      } else {
        text += escapes[name] ?? name;
      }
    }
    throw unreadable(begun, 'a string without an end');
  }

  #atom(word: string): Data {
    if (word === 'nil' || (this.#json && word === 'null')) return null;
    if (word === 'true' || word === 'false') return word === 'true';
    if (/^[+-]?\d+N?$/.test(word)) {
      const digits = word.replace(/^\+|N$/g, '');
      const number = Number(digits);
      return Number.isSafeInteger(number) ? number : BigInt(digits);
    }
    if (/^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?M?$/.test(word)) return Number(word.replace(/M$/, ''));
    return word;
  }

  #word(): string {
    const begin = this.#at;
    const end = this.#json ? /[\s,()[\]{}":]/ : /[\s,()[\]{}";]/;
    while (this.#at < this.#text.length && !end.test(this.#peek())) this.#at++;
    return this.#text.slice(begin, this.#at);
  }

  /** Over what stands between values: white space, comments, and values that `#_` leaves out. */
  #skip(): void {
    for (; this.#at < this.#text.length; ) {
      const char = this.#peek();
      if (char === ';' && !this.#json) {
        const end = this.#text.indexOf('\n', this.#at);
        this.#at = end < 0 ? this.#text.length : end;
      } else if (/[\s,]/.test(char) || (char === ':' && this.#json)) {
        this.#take();
      } else if (this.#text.startsWith('#_', this.#at)) {
        this.#at += 2;
        this.#skip();
        if (this.#at < this.#text.length) this.#value(1);
      } else {
        return;
      }
    }
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #take(): string {
    const char = this.#text.charAt(this.#at++);
    if (char === '\n') this.#line++;
    return char;
  }
}
