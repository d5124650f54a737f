import { crc32 } from 'node:zlib';
import { asBuffer, byteString } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { DatabaseRow } from '../../ports/database.ts';
import { formatVersion } from '../record-codec.ts';
import type { Meta } from './image-records.ts';

/**
 * A snapshot on its way: rows (key length 2 bytes, value length 4, key, value) as one stream of bytes, cut into frames of at most 256 KiB, then a
 * summary. Frame: 0 crc32 of the rest, 4 'TS', 6 format, 7 kind (0 rows, 1 summary), 8 number from 0, 12 content.
 */
/** Of earlier versions up to 1 MiB. Each is summed twice, hashed and copied in one turn of the event loop: about 2 ms for so much. */
export const frameBytes = 256 * 1024;
const headerBytes = 12;
const rowHeaderBytes = 6;
const magic = 0x5354;

export interface Summary extends Meta {
  readonly rows: number;
  /** crc32 over the stream of rows. */
  readonly crc: number;
  /** Of the image, where rows are sent without what the receiver holds: sha256 over key and value of every whole row. */
  readonly whole?: string;
}

export class FrameWriter {
  #frame = Buffer.allocUnsafeSlow(frameBytes);
  #at = headerBytes;
  #number = 0;
  #rows = 0;
  #crc = 0;

  /** Frames that this row filled. */
  *row({ key, value }: DatabaseRow): Generator<Uint8Array> {
    const header = Buffer.allocUnsafe(rowHeaderBytes + key.length);
    header.writeUInt16LE(key.length, 0);
    header.writeUInt32LE(value.length, 2);
    header.latin1Write(key, rowHeaderBytes, key.length);
    this.#rows++;
    yield* this.#bytes(header);
    yield* this.#bytes(value);
  }

  *end(meta: Meta, whole?: string): Generator<Uint8Array> {
    if (this.#at > headerBytes) yield this.#finish(0);
    const summary: Summary = {
      ...meta,
      rows: this.#rows,
      crc: this.#crc,
      ...(whole === undefined ? {} : { whole }),
    };
    const content = Buffer.from(JSON.stringify(summary), 'utf8');
    this.#frame = Buffer.allocUnsafe(headerBytes + content.length);
    this.#frame.set(content, headerBytes);
    this.#at = this.#frame.length;
    yield this.#finish(1);
  }

  *#bytes(bytes: Uint8Array): Generator<Uint8Array> {
    this.#crc = crc32(bytes, this.#crc);
    for (let from = 0; from < bytes.length; ) {
      const part = bytes.subarray(from, from + frameBytes - this.#at);
      this.#frame.set(part, this.#at);
      this.#at += part.length;
      from += part.length;
      if (this.#at === frameBytes) yield this.#finish(0);
    }
  }

  #finish(kind: number): Uint8Array {
    const frame = this.#frame.subarray(0, this.#at);
    frame.writeUInt16LE(magic, 4);
    frame[6] = formatVersion;
    frame[7] = kind;
    frame.writeUInt32LE(this.#number++, 8);
    frame.writeUInt32LE(crc32(frame.subarray(4)), 0);
    this.#frame = Buffer.allocUnsafeSlow(frameBytes);
    this.#at = headerBytes;
    return frame;
  }
}

export class FrameReader {
  #number = 0;
  #rows = 0;
  #crc = 0;
  #parts: Buffer[] = [];
  #have = 0;
  #need = rowHeaderBytes;
  #summary: Summary | null = null;

  /** The rows that this frame completed. Throws `data-damaged` for a frame that is altered or not the next one. */
  frame(bytes: Uint8Array): DatabaseRow[] {
    const frame = asBuffer(bytes);
    const whole =
      frame.length >= headerBytes &&
      frame.readUInt16LE(4) === magic &&
      crc32(frame.subarray(4)) === frame.readUInt32LE(0);
    if (!whole) throw damagedTransfer(`chunk ${this.#number} is altered`);
    if ((frame[6] as number) > formatVersion) {
      throw new TanistError('data-format-newer', 'the snapshot comes from a newer version: update this node');
    }
    const number = frame.readUInt32LE(8);
    if (number !== this.#number || this.#summary !== null) {
      throw damagedTransfer(`chunk ${number} came where chunk ${this.#number} was due`);
    }
    this.#number++;
    const content = frame.subarray(headerBytes);
    if (frame[7] === 1) {
      this.#summary = JSON.parse(content.toString('utf8')) as Summary;
      return [];
    }
    this.#crc = crc32(content, this.#crc);
    this.#parts.push(content);
    this.#have += content.length;
    return this.#have >= this.#need ? this.#takeRows() : [];
  }

  /** What was sent, once all of it has come. */
  end(): { readonly meta: Meta; readonly whole: string | undefined } {
    const summary = this.#summary;
    if (summary === null)
      throw damagedTransfer(`it ends after chunk ${this.#number - 1} without its summary`);
    if (summary.rows !== this.#rows || summary.crc !== this.#crc || this.#have > 0) {
      throw damagedTransfer(`${this.#rows} of ${summary.rows} rows came`);
    }
    const { applied, chunks, whole } = summary;
    return { meta: { applied, chunks, installed: true }, whole };
  }

  #takeRows(): DatabaseRow[] {
    const all = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts);
    const rows: DatabaseRow[] = [];
    let at = 0;
    this.#need = rowHeaderBytes;
    while (at + rowHeaderBytes <= all.length) {
      const keyBytes = all.readUInt16LE(at);
      const valueBytes = all.readUInt32LE(at + 2);
      const end = at + rowHeaderBytes + keyBytes + valueBytes;
      if (end > all.length) {
        this.#need = end - at;
        break;
      }
      const valueAt = at + rowHeaderBytes + keyBytes;
      rows.push({
        key: byteString(all.subarray(at + rowHeaderBytes, valueAt)),
        value: all.subarray(valueAt, end),
      });
      at = end;
    }
    this.#rows += rows.length;
    const rest = all.subarray(at);
    this.#parts = rest.length === 0 ? [] : [rest];
    this.#have = rest.length;
    return rows;
  }
}

export function damagedTransfer(what: string): TanistError {
  return new TanistError(
    'data-damaged',
    `the snapshot received is damaged: ${what}; it is not used, ask for another`,
  );
}
