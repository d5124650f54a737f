import { assert } from '../../foundation/assert.ts';
import { type LogIndex, logIndex } from '../../foundation/ids.ts';
import { type Block, type ChainHash, chainBytes } from './block-codec.ts';

const perSegment = 1024;

interface Segment {
  readonly last: Float64Array;
  readonly bytes: Uint32Array;
  readonly after: Buffer;
}

/**
 * Which blocks a log has: consecutive ones, of which each goes on with the chain hash of the one before. Packed into 28 bytes each: a log of small
 * blocks has a million, which as objects would be four times as large and a burden to the garbage collector.
 */
export class BlockIndex {
  #segments: Segment[] = [];
  /** Places at the beginning of the first segment whose blocks are gone. */
  #gone = 0;
  #length = 0;
  #bytes = 0;
  #first: LogIndex = logIndex(0);
  #before: ChainHash = '';

  get length(): number {
    return this.#length;
  }

  /** Of all blocks. */
  get bytes(): number {
    return this.#bytes;
  }

  get last(): Block | undefined {
    return this.at(this.#length - 1);
  }

  /** Undefined: there is none at this position. */
  at(position: number): Block | undefined {
    if (position < 0 || position >= this.#length) return undefined;
    const first = position === 0 ? this.#first : logIndex(this.#lastOf(position - 1) + 1);
    const before = position === 0 ? this.#before : this.#afterOf(position - 1);
    const last = logIndex(this.#lastOf(position));
    return { first, last, before, after: this.#afterOf(position), bytes: this.#bytesOf(position) };
  }

  /** Position of the first block whose last index is ≥ `index`; `length`: there is none. */
  firstEndingAt(index: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#lastOf(middle) < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The block that holds this entry; null: none does. */
  holding(index: number): Block | null {
    const block = this.at(this.firstEndingAt(index));
    return block !== undefined && block.first <= index ? block : null;
  }

  /** Whether this very block is among them. */
  has(block: Block): boolean {
    const own = this.holding(block.first);
    return own !== null && isSame(own, block);
  }

  push(block: Block): void {
    if (this.#length === 0) {
      this.#first = block.first;
      this.#before = block.before;
    } else {
      const end = this.#length - 1;
      assert(
        block.first === this.#lastOf(end) + 1 && block.before === this.#afterOf(end),
        'a block goes on from the one before it',
      );
    }
    const place = this.#gone + this.#length;
    if (place === this.#segments.length * perSegment) this.#segments.push(newSegment());
    const { last, bytes, after } = this.#segments.at(-1) as Segment;
    const at = place % perSegment;
    last[at] = block.last;
    bytes[at] = block.bytes;
    after.latin1Write(block.after, at * chainBytes, chainBytes);
    this.#length++;
    this.#bytes += block.bytes;
  }

  /** Only the first `count` stay. */
  keep(count: number): void {
    for (let i = count; i < this.#length; i++) this.#bytes -= this.#bytesOf(i);
    this.#length = Math.min(count, this.#length);
    this.#segments.length = Math.ceil((this.#gone + this.#length) / perSegment);
  }

  /** The first `count` go. */
  drop(count: number): void {
    const next = this.at(count);
    if (next === undefined) {
      this.keep(0);
      this.#segments = [];
      this.#gone = 0;
      return;
    }
    for (let i = 0; i < count; i++) this.#bytes -= this.#bytesOf(i);
    this.#first = next.first;
    this.#before = next.before;
    this.#length -= count;
    const gone = this.#gone + count;
    this.#segments.splice(0, Math.floor(gone / perSegment));
    this.#gone = gone % perSegment;
  }

  #lastOf(position: number): number {
    return this.#segmentOf(position).last[this.#placeOf(position)] as number;
  }

  #bytesOf(position: number): number {
    return this.#segmentOf(position).bytes[this.#placeOf(position)] as number;
  }

  #afterOf(position: number): ChainHash {
    const at = this.#placeOf(position) * chainBytes;
    return this.#segmentOf(position).after.latin1Slice(at, at + chainBytes);
  }

  #segmentOf(position: number): Segment {
    return this.#segments[Math.floor((this.#gone + position) / perSegment)] as Segment;
  }

  #placeOf(position: number): number {
    return (this.#gone + position) % perSegment;
  }
}

export function isSame(a: Block, b: Block): boolean {
  return a.first === b.first && a.last === b.last && a.before === b.before && a.after === b.after;
}

function newSegment(): Segment {
  return {
    last: new Float64Array(perSegment),
    bytes: new Uint32Array(perSegment),
    after: Buffer.allocUnsafeSlow(perSegment * chainBytes),
  };
}
