/** A message, or what can be written as one. A Buffer is one. */
export interface Piece {
  readonly length: number;
  copy(target: Buffer, at: number): void;
}

const frameHead = 5;

/**
 * Several messages for one `write` of a grpc-js server stream: it puts a frame's head (flag, length) before what it is given, asks for
 * `byteLength` and has it copied behind the head. Here the first message's true head goes over that one, and those of the others
 * between. A write costs grpc-js and the network layer many times what a message costs, so a fan-out to thousands of watches depends on this.
 */
export class Frames {
  readonly #pieces: readonly Piece[];
  /** With all heads. */
  readonly length: number;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
    let length = 0;
    for (const piece of pieces) length += frameHead + piece.length;
    this.length = length;
  }

  /** As grpc-js counts: without the one head that it adds. */
  get byteLength(): number {
    return this.length - frameHead;
  }

  copy(target: Buffer, at: number): void {
    let position = at - frameHead;
    for (const piece of this.#pieces) {
      target[position] = 0;
      target.writeUInt32BE(piece.length, position + 1);
      position += frameHead;
      piece.copy(target, position);
      position += piece.length;
    }
  }
}

/** Parts that other responses may share; they are copied only when the client takes them. */
export class Joined implements Piece {
  readonly #parts: readonly Buffer[];
  readonly length: number;

  constructor(parts: readonly Buffer[]) {
    this.#parts = parts;
    let length = 0;
    for (const part of parts) length += part.length;
    this.length = length;
  }

  copy(target: Buffer, at: number): void {
    let position = at;
    for (const part of this.#parts) {
      target.set(part, position);
      position += part.length;
    }
  }
}
