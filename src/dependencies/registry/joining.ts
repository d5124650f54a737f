import { TanistError } from '../../foundation/errors.ts';
import type { LeaseId } from '../../foundation/ids.ts';
import type { SandboxFacts } from '../../ports/dependency-registry.ts';
import type { CallOptions, StateClient } from '../../ports/state-client.ts';
import { idTaken, laterJoin, unlessGone } from './refusals.ts';
import { decodeSandbox, drawnMsOf, encodeSandbox, sandboxKey } from './rows.ts';

/** One that is there already is of an earlier copy of the same join. */
export async function grantedLease(
  state: StateClient,
  ttlMs: number,
  own: LeaseId | undefined,
  options: CallOptions,
): Promise<{ readonly lease: LeaseId; readonly ttlMs: number }> {
  try {
    const asked = own === undefined ? options : { ...options, id: own };
    const { id, ttlMs: grantedMs } = await state.grantLease(ttlMs, asked);
    return { lease: id, ttlMs: grantedMs };
  } catch (error) {
    if (own === undefined || !(error instanceof TanistError) || error.code !== 'lease-exists') throw error;
    const { ttlMs: keptMs } = await state.keepLeaseAlive(own, options);
    return { lease: own, ttlMs: keptMs };
  }
}

/** Refuses where another instance has the id, or a later join of the same one; an earlier life of that gives way. */
export async function takeId(
  state: StateClient,
  facts: SandboxFacts,
  lease: LeaseId,
  drawnMs: number | null,
  options?: CallOptions,
): Promise<void> {
  const key = sandboxKey(facts.id);
  for (let attempt = 0; attempt < 3; attempt++) {
    const { succeeded, answers } = await state.txn(
      {
        if: [{ key, is: '=', version: 0 }],
        // biome-ignore lint/suspicious/noThenProperty: a transaction has one
        then: [{ put: key, value: encodeSandbox(facts, drawnMs), lease }],
        else: [{ get: key }],
      },
      options,
    );
    if (succeeded) return;
    const [found] = answers;
    const row = found?.kind === 'get' ? found.values[0] : undefined;
    if (row === undefined || row.lease === lease) return;
    const other = decodeSandbox(row.value);
    if (other !== null && other.instance !== facts.instance) throw idTaken(other);
    if (drawnMs !== null && (drawnMsOf(row.value) ?? 0) > drawnMs) throw laterJoin(facts.id);
    await state.revokeLease(row.lease, options).catch(unlessGone);
  }
  throw new TanistError('sandbox-exists', `another agent takes the id ${facts.id} again and again`);
}
