import { type LeaseId, leaseId } from '../foundation/ids.ts';
import {
  type AddressFacts,
  type Claim,
  type ContentKey,
  contentAlgorithms,
  type HeldObject,
  type Holding,
  type SandboxFacts,
} from '../ports/dependency-registry.ts';
import { malformed, WireReader } from './parts/wire-reader.ts';
import { WireWriter } from './parts/wire-writer.ts';

export interface JoinSandbox extends OwnLease {
  readonly sandbox: SandboxFacts;
  readonly ttlMs: number;
  readonly drawnMs?: number;
}
export interface SandboxLease {
  readonly lease: LeaseId;
  readonly ttlMs: number;
}

export function encodeJoin({ sandbox, ttlMs, lease, drawnMs }: JoinSandbox): Buffer {
  const writer = new WireWriter(256);
  writeSandbox(writer, 1, sandbox);
  writer.uint(2, ttlMs);
  if (lease !== undefined) writer.uint64(3, lease);
  writer.uint(4, drawnMs ?? 0);
  return writer.finish();
}

export function decodeJoin(bytes: Uint8Array): JoinSandbox {
  const reader = new WireReader(bytes);
  let sandbox: SandboxFacts | null = null;
  let ttlMs = 0;
  let lease = 0n;
  let drawnMs = 0;
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) sandbox = embedded(reader, readSandbox);
    else if (field === 2) ttlMs = reader.uint();
    else if (field === 3) lease = reader.uint64();
    else if (field === 4) drawnMs = reader.uint();
    else reader.skip();
  }
  if (sandbox === null) throw malformed('a join without a sandbox');
  return { sandbox, ttlMs, ...ownLease(lease), ...(drawnMs === 0 ? {} : { drawnMs }) };
}

export function encodeSandboxLease({ lease, ttlMs }: SandboxLease): Buffer {
  const writer = new WireWriter(32);
  writer.uint64(1, lease);
  writer.uint(2, ttlMs);
  return writer.finish();
}

export function decodeSandboxLease(bytes: Uint8Array): SandboxLease {
  const reader = new WireReader(bytes);
  let lease = 0n;
  let ttlMs = 0;
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) lease = reader.uint64();
    else if (field === 2) ttlMs = reader.uint();
    else reader.skip();
  }
  return { lease: leaseId(lease), ttlMs };
}

/** Of the caller's own join; none: of whoever has the id, or of a join whose lease the cluster draws. */
interface OwnLease {
  readonly lease?: LeaseId;
}

export interface SandboxName extends OwnLease {
  readonly id: string;
}

export function encodeSandboxName(id: string, lease?: LeaseId): Buffer {
  const writer = new WireWriter(80);
  writer.text(1, id);
  if (lease !== undefined) writer.uint64(2, lease);
  return writer.finish();
}

export function decodeSandboxName(bytes: Uint8Array): SandboxName {
  const reader = new WireReader(bytes);
  let id = '';
  let lease = 0n;
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) id = reader.utf8();
    else if (field === 2) lease = reader.uint64();
    else reader.skip();
  }
  return { id, ...ownLease(lease) };
}

export interface RegisterObjects extends OwnLease {
  readonly sandbox: string;
  readonly objects: readonly HeldObject[];
}

export function encodeRegister({ sandbox, objects, lease }: RegisterObjects): Buffer {
  const writer = new WireWriter(80 + 200 * objects.length);
  writer.text(1, sandbox);
  if (lease !== undefined) writer.uint64(3, lease);
  for (const { keys, sha256, size, answer } of objects) {
    const mark = writer.begin(2, 150);
    for (const key of keys) writeKey(writer, 1, key);
    writer.raw(2, Buffer.from(sha256, 'hex'));
    writer.uint(3, size);
    if (answer !== undefined) writeAnswer(writer, 4, answer);
    writer.end(mark);
  }
  return writer.finish();
}

export function decodeRegister(bytes: Uint8Array): RegisterObjects {
  const reader = new WireReader(bytes);
  let sandbox = '';
  let lease = 0n;
  const objects: HeldObject[] = [];
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) sandbox = reader.utf8();
    else if (field === 2) objects.push(embedded(reader, readHeld));
    else if (field === 3) lease = reader.uint64();
    else reader.skip();
  }
  return { sandbox, objects, ...ownLease(lease) };
}

export interface SandboxKeys extends OwnLease {
  readonly sandbox: string;
  readonly keys: readonly ContentKey[];
  /** Of `ClaimKey`. */
  readonly over?: string;
}

/** Of `ReleaseKeys` and `ClaimKey`. */
export function encodeKeys({ sandbox, keys, lease, over }: SandboxKeys): Buffer {
  const writer = new WireWriter(160 + 80 * keys.length);
  writer.text(1, sandbox);
  for (const key of keys) writeKey(writer, 2, key);
  if (lease !== undefined) writer.uint64(3, lease);
  if (over !== undefined) writer.text(4, over);
  return writer.finish();
}

export function decodeKeys(bytes: Uint8Array): SandboxKeys {
  const reader = new WireReader(bytes);
  let sandbox = '';
  let lease = 0n;
  let over = '';
  const keys: ContentKey[] = [];
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) sandbox = reader.utf8();
    else if (field === 2) keys.push(embedded(reader, readKey));
    else if (field === 3) lease = reader.uint64();
    else if (field === 4) over = reader.utf8();
    else reader.skip();
  }
  return { sandbox, keys, ...ownLease(lease), ...(over === '' ? {} : { over }) };
}

/** `sandbox`: who asks; empty: nobody that is one. */
export function encodeLookup({ sandbox, keys }: SandboxKeys): Buffer {
  const writer = new WireWriter(80 + 80 * keys.length);
  for (const key of keys) writeKey(writer, 1, key);
  writer.text(2, sandbox);
  return writer.finish();
}

export function decodeLookup(bytes: Uint8Array): SandboxKeys {
  const reader = new WireReader(bytes);
  let sandbox = '';
  const keys: ContentKey[] = [];
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) keys.push(embedded(reader, readKey));
    else if (field === 2) sandbox = reader.utf8();
    else reader.skip();
  }
  return { sandbox, keys };
}

const ownLease = (lease: bigint): OwnLease => (lease === 0n ? {} : { lease: leaseId(lease) });

export function encodeHolders(found: readonly (readonly Holding[])[]): Buffer {
  const writer = new WireWriter(64 + 200 * found.length);
  for (const holdings of found) {
    const mark = writer.begin(1, 150);
    for (const holding of holdings) writeHolding(writer, 1, holding);
    writer.end(mark);
  }
  return writer.finish();
}

export function decodeHolders(bytes: Uint8Array): readonly (readonly Holding[])[] {
  return repeated(bytes, (reader) => {
    const holdings: Holding[] = [];
    while (reader.more()) {
      if (reader.next() === 1) holdings.push(embedded(reader, readHolding));
      else reader.skip();
    }
    return holdings;
  });
}

export function encodeClaimReply(claim: Claim): Buffer {
  const writer = new WireWriter(256);
  writer.bool(1, claim.claimed);
  if (!claim.claimed) for (const holding of claim.holdings) writeHolding(writer, 2, holding);
  return writer.finish();
}

export function decodeClaimReply(bytes: Uint8Array): Claim {
  const reader = new WireReader(bytes);
  let claimed = false;
  const holdings: Holding[] = [];
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) claimed = reader.bool();
    else if (field === 2) holdings.push(embedded(reader, readHolding));
    else reader.skip();
  }
  return claimed ? { claimed } : { claimed, holdings };
}

export function encodeSandboxes(sandboxes: readonly SandboxFacts[]): Buffer {
  const writer = new WireWriter(16 + 160 * sandboxes.length);
  for (const sandbox of sandboxes) writeSandbox(writer, 1, sandbox);
  return writer.finish();
}

export const decodeSandboxes = (bytes: Uint8Array): readonly SandboxFacts[] => repeated(bytes, readSandbox);

function writeSandbox(writer: WireWriter, field: number, sandbox: SandboxFacts): void {
  const { id, address, application, zone, instance } = sandbox;
  const mark = writer.begin(field, 120);
  for (const [i, text] of [id, address, application, zone, instance].entries()) writer.text(i + 1, text);
  writer.end(mark);
}

function readSandbox(reader: WireReader): SandboxFacts {
  const texts = ['', '', '', '', ''];
  while (reader.more()) {
    const field = reader.next();
    if (field >= 1 && field <= 5) texts[field - 1] = reader.utf8();
    else reader.skip();
  }
  const [id = '', address = '', application = '', zone = '', instance = ''] = texts;
  return { id, address, application, zone, instance };
}

function writeKey(writer: WireWriter, field: number, { algorithm, digest }: ContentKey): void {
  const mark = writer.begin(field, 60);
  writer.text(1, algorithm);
  writer.raw(2, Buffer.from(digest, 'hex'));
  writer.end(mark);
}

/** The length of the digest is looked at where the key is used. */
function readKey(reader: WireReader): ContentKey {
  let name = '';
  let digest = '';
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) name = reader.utf8();
    else if (field === 2) digest = reader.view().toString('hex');
    else reader.skip();
  }
  const algorithm = contentAlgorithms.find((each) => each === name);
  if (algorithm === undefined) throw malformed(`no algorithm ${JSON.stringify(name.slice(0, 40))}`);
  return { algorithm, digest };
}

function readHeld(reader: WireReader): HeldObject {
  const keys: ContentKey[] = [];
  let sha256 = '';
  let size = 0;
  let answer: AddressFacts | null = null;
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) keys.push(embedded(reader, readKey));
    else if (field === 2) sha256 = reader.view().toString('hex');
    else if (field === 3) size = reader.uint();
    else if (field === 4) answer = embedded(reader, readAnswer);
    else reader.skip();
  }
  return { keys, sha256, size, ...(answer === null ? {} : { answer }) };
}

function writeHolding(writer: WireWriter, field: number, holding: Holding): void {
  const mark = writer.begin(field, 100);
  writer.text(1, holding.sandbox);
  writer.text(2, holding.address);
  writer.text(3, holding.zone);
  if (holding.state === 'held') {
    writer.raw(4, Buffer.from(holding.sha256, 'hex'));
    writer.uint(5, holding.size);
    if (holding.answer !== undefined) writeAnswer(writer, 6, holding.answer);
  }
  writer.end(mark);
}

function readHolding(reader: WireReader): Holding {
  const by = { sandbox: '', address: '', zone: '' };
  let sha256 = '';
  let size = 0;
  let answer: AddressFacts | null = null;
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) by.sandbox = reader.text();
    else if (field === 2) by.address = reader.text();
    else if (field === 3) by.zone = reader.text();
    else if (field === 4) sha256 = reader.view().toString('hex');
    else if (field === 5) size = reader.uint();
    else if (field === 6) answer = embedded(reader, readAnswer);
    else reader.skip();
  }
  if (sha256 === '') return { ...by, state: 'fetching' };
  return { ...by, state: 'held', sha256, size, ...(answer === null ? {} : { answer }) };
}

function writeAnswer(writer: WireWriter, field: number, answer: AddressFacts): void {
  const mark = writer.begin(field, 80);
  writer.double(1, answer.fetchedMs);
  writer.double(2, answer.freshUntilMs);
  const { etag, lastModified, contentType, contentEncoding } = answer;
  for (const [i, text] of [etag, lastModified, contentType, contentEncoding].entries())
    writer.text(i + 3, text);
  writer.end(mark);
}

function readAnswer(reader: WireReader): AddressFacts {
  const numbers = [0, 0];
  const texts = ['', '', '', ''];
  while (reader.more()) {
    const field = reader.next();
    if (field === 1 || field === 2) numbers[field - 1] = reader.double();
    else if (field >= 3 && field <= 6) texts[field - 3] = reader.utf8();
    else reader.skip();
  }
  const [fetchedMs = 0, freshUntilMs = 0] = numbers;
  const [etag = '', lastModified = '', contentType = '', contentEncoding = ''] = texts;
  return { fetchedMs, freshUntilMs, etag, lastModified, contentType, contentEncoding };
}

function embedded<T>(reader: WireReader, read: (reader: WireReader) => T): T {
  const outer = reader.enter();
  const value = read(reader);
  reader.leave(outer);
  return value;
}

function repeated<T>(bytes: Uint8Array, read: (reader: WireReader) => T): readonly T[] {
  const reader = new WireReader(bytes);
  const values: T[] = [];
  while (reader.more()) {
    if (reader.next() === 1) values.push(embedded(reader, read));
    else reader.skip();
  }
  return values;
}
