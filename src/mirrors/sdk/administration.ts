// biome-ignore-all lint/suspicious/noThenProperty: the transaction's own word
import { TanistError } from '../../foundation/errors.ts';
import type { StateClient } from '../../ports/state-client.ts';
import { parseSource } from '../config/parse-config.ts';
import { plainSecret } from '../config/plain-secret.ts';
import { resourceId } from '../resource-id.ts';
import { historyKey, liveKey, livePrefix, sourceKey } from '../state/keys.ts';
import { encodeRecord } from '../state/records.ts';

/** Puts a source's config into the state, for all processes. Fails as `config-invalid`; secrets stay references. */
export async function defineSource(client: StateClient, name: string, config: unknown): Promise<void> {
  const parsed = parseSource(name, config);
  const plain = plainSecret(parsed.origin);
  if (plain !== null)
    throw new TanistError(
      'config-invalid',
      `source ${name}: ${plain} looks like a secret; name it by { env: … } or { file: … } in headers, query, metadata, secrets (gRPC) or env (command)`,
    );
  await client.put(sourceKey('source', name), encodeRecord(parsed));
}

/** Takes a source away with all its mirrors. False: there was none. */
export async function removeSource(client: StateClient, name: string): Promise<boolean> {
  // From here on nobody claims. Then claims, then checks: a look that is under way finds neither, and writes nothing behind this.
  const { deleted } = await client.delete(sourceKey('source', name));
  for (const letter of ['l', 'c', 'v', 'w'])
    await client.delete(`${livePrefix}${letter}/${name}/`, { prefix: true });
  await client.delete(`mirrors/history/${name}/`, { prefix: true });
  // A look that was told to be patient may have written it until its check was gone.
  await client.delete(sourceKey('budget', name));
  return deleted > 0;
}

/** Takes a mirror away with all that is known of the resource; the next poll makes it anew. */
export async function removeMirror(client: StateClient, name: string): Promise<boolean> {
  const id = resourceId(name);
  const { answers } = await client.txn({
    if: [],
    then: [
      { delete: liveKey('value', id) },
      { delete: liveKey('check', id) },
      { delete: liveKey('wanted', id) },
      { delete: liveKey('claim', id) },
      { delete: historyKey(id) },
    ],
  });
  return answers.some((answer) => answer.kind === 'delete' && answer.deleted > 0);
}
