import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { asError, TanistError } from '../../foundation/errors.ts';

const [unzip, inflated, unbrotli] = [promisify(gunzip), promisify(inflate), promisify(brotliDecompress)];
interface Most {
  readonly maxOutputLength: number;
}
const decoders: Readonly<Record<string, (bytes: Buffer, most: Most) => Promise<Buffer>>> = {
  '': async (bytes) => bytes,
  identity: async (bytes) => bytes,
  gzip: unzip,
  deflate: inflated,
  br: unbrotli,
};

/** Metadata as it was before `content-encoding`; null: it unfolds to more than `mostBytes`. Fails as `upstream-failed`. */
export async function decoded(bytes: Buffer, encoding: string, mostBytes: number): Promise<Buffer | null> {
  const decode = decoders[encoding.toLowerCase()];
  if (decode === undefined)
    throw new TanistError(
      'upstream-failed',
      `metadata came in the encoding ${encoding}, which is not known here`,
    );
  return await decode(bytes, { maxOutputLength: mostBytes }).catch((error: unknown) => {
    if ((asError(error) as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return null;
    throw new TanistError('upstream-failed', `metadata came damaged (${String(error)})`, { cause: error });
  });
}
