import { TanistError } from '../foundation/errors.ts';
import type { FollowRequest, ReplicaSource, StreamPart } from '../ports/replication.ts';

/**
 * What a source streams. Its disk's failures and its damage are its own: here they mean no more than that another source has to be found, and must not be taken for
 * those of the replica that follows.
 */
export async function* followSource(
  source: ReplicaSource,
  request: FollowRequest,
  signal: AbortSignal,
): AsyncGenerator<StreamPart, void, undefined> {
  try {
    yield* source.follow(request, signal);
  } catch (error) {
    if (!(error instanceof TanistError)) throw error;
    if (error.code !== 'data-damaged' && error.code !== 'storage-failed') throw error;
    throw new TanistError('unavailable', `${source.id} cannot be followed: ${error.message}`, {
      cause: error,
    });
  }
}
