import { TanistError } from '../../foundation/errors.ts';
import type { Learning } from '../../node/learning/learning.ts';
import type { ServedNode } from '../../node/served-node.ts';
import type { Publishing } from '../../ports/learning-status.ts';
import {
  decodeContribution,
  decodeModelFileMessage,
  decodeModelRequest,
  encodeContributionTaken,
  encodeModelReply,
} from '../../protocol/operations/models.ts';
import { encodeSeriesReply } from '../../protocol/operations/series.ts';
import { decodePredictionsRequest } from '../../protocol/predictions.ts';
import { modelsService } from '../../protocol/services.ts';
import type { NativeServices } from './native-services.ts';
import { seriesOf } from './series-of.ts';
import { unary } from './unary.ts';

/** `service Models`: the version in use for everybody, contributions to it and what takes its place for the leader. */
export function addModelsService(services: NativeServices, node: ServedNode): void {
  services.add(modelsService, {
    get: unary((bytes) => modelReply(node, decodeModelRequest(bytes).file)),
    contribute: unary((bytes) =>
      encodeContributionTaken(learningOf(node).contribute(decodeContribution(bytes))),
    ),
    series: unary(async (bytes) => encodeSeriesReply(await seriesOf(node, decodePredictionsRequest(bytes)))),
    publish: unary(async (bytes) => {
      const publishing = await learningOf(node).publish(decodeModelFileMessage(bytes));
      return modelReply(node, false, publishing);
    }),
  });
}

function modelReply(node: ServedNode, withFile: boolean, publishing: Publishing = 'none'): Buffer {
  const learning = learningOf(node);
  const model = learning.model();
  const file = withFile ? model.bytes : new Uint8Array();
  return encodeModelReply({ node: node.id, file, learning: learning.status(), publishing });
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
