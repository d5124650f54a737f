import type { ByteString } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { clusterTimeMs, revision } from '../../foundation/ids.ts';
import type { PredictableSpace, SealedPrediction } from '../../ports/prediction.ts';

/** Keys of the space `predicted` by the space that they are about. */
const prefixOf: Readonly<Record<PredictableSpace, string>> = { user: 'u/', planes: 'p/' };

export function predictedKey(space: PredictableSpace, key: ByteString): ByteString {
  return (prefixOf[space] + key) as ByteString;
}

/** What the space `predicted` holds under the key: madeFrom and validUntilMs, decimal, a space behind each, then the content. */
export function storedPrediction({ madeFrom, validUntilMs, content }: SealedPrediction): ByteString {
  return `${madeFrom} ${validUntilMs} ${content}` as ByteString;
}

const headPattern = /^(\d{1,16}) (\d{1,16}) /;

/** Fails with `data-damaged` on what is no stored prediction. */
export function predictionOf(key: ByteString, stored: ByteString): SealedPrediction {
  const space = key.startsWith(prefixOf.user) ? 'user' : 'planes';
  const [head, madeFrom, validUntilMs] = headPattern.exec(stored) ?? [];
  if (head === undefined)
    throw new TanistError(
      'data-damaged',
      'a stored prediction cannot be read; rebuild this node from its peers',
    );
  return {
    space,
    key: key.slice(prefixOf[space].length) as ByteString,
    madeFrom: revision(Number(madeFrom)),
    validUntilMs: clusterTimeMs(Number(validUntilMs)),
    content: stored.slice(head.length) as ByteString,
  };
}
