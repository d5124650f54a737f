import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { TanistError } from '../../foundation/errors.ts';

/** Metadata of the largest packages has some 30 MB. */
const most = { maxOutputLength: 512 * 1024 * 1024 };
const [unzip, inflated, unbrotli] = [promisify(gunzip), promisify(inflate), promisify(brotliDecompress)];
const decoders: Readonly<Record<string, (bytes: Buffer) => Promise<Buffer>>> = {
  '': async (bytes) => bytes,
  identity: async (bytes) => bytes,
  gzip: (bytes) => unzip(bytes, most),
  deflate: (bytes) => inflated(bytes, most),
  br: (bytes) => unbrotli(bytes, most),
};

/** Metadata as it was before `content-encoding`. Fails as `upstream-failed`. */
export async function decoded(bytes: Buffer, encoding: string): Promise<Buffer> {
  const decode = decoders[encoding.toLowerCase()];
  if (decode === undefined)
    throw new TanistError(
      'upstream-failed',
      `metadata came in the encoding ${encoding}, which is not known here`,
    );
  return await decode(bytes).catch((error: unknown) => {
    throw new TanistError('upstream-failed', `metadata came damaged (${String(error)})`, { cause: error });
  });
}
