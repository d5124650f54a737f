import type { Server } from '@grpc/grpc-js';
import { TanistError } from '../../foundation/errors.ts';
import type { Learning } from '../../node/learning/learning.ts';
import type { ServedNode } from '../../node/served-node.ts';
import {
  decodeContribution,
  decodeModelRequest,
  encodeContributionTaken,
  encodeModelReply,
} from '../../protocol/operations/models.ts';
import { modelsService } from '../../protocol/services.ts';
import { unary } from './unary.ts';

/** `service Models`: the version in use for everybody, contributions to it for the leader. */
export function addModelsService(server: Server, node: ServedNode): void {
  server.addService(modelsService, {
    get: unary((bytes) => {
      const { file } = decodeModelRequest(bytes);
      const learning = learningOf(node);
      const model = learning.model();
      return encodeModelReply({
        node: node.id,
        file: file ? model.bytes : new Uint8Array(),
        learning: learning.status(),
      });
    }),
    contribute: unary((bytes) =>
      encodeContributionTaken(learningOf(node).contribute(decodeContribution(bytes))),
    ),
  });
}

function learningOf({ id, tier, learning }: ServedNode): Learning {
  if (learning !== null) return learning;
  if (tier !== 'hot')
    throw new TanistError(
      'not-leader',
      `${id} is a ${tier} replica; the cluster learns on hot ones: ask one of them`,
    );
  throw new TanistError(
    'learning-off',
    `${id} has no predictor, so it learns nothing; see section prediction of its config`,
  );
}
