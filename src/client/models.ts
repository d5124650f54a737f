import type { ContributionTaken, ModelContribution } from '../ports/model-contribution.ts';
import type { SeriesName, SeriesPast } from '../ports/prediction-status.ts';
import type { Bytes, CallOptions } from '../ports/state-client.ts';
import {
  decodeContributionTaken,
  decodeModelReply,
  encodeContribution,
  encodeModelFileMessage,
  encodeModelRequest,
  type ModelReply,
} from '../protocol/operations/models.ts';
import { decodeSeriesReply } from '../protocol/operations/series.ts';
import { encodePredictionsRequest } from '../protocol/predictions.ts';
import { modelsService, type RawMethod } from '../protocol/services.ts';
import { byteStringFrom } from '../protocol/state-client/bytes.ts';
import type { UnaryOptions } from './grpc/unary.ts';

type Call = (
  method: RawMethod,
  request: Buffer,
  options: Partial<UnaryOptions> | undefined,
  endpoint?: string,
) => Promise<Buffer>;

/** The cluster's model, and the way to teach it without showing it anything. */
export class Models {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  /**
   * The version in use as the leader has it, or the member at `endpoint`; with `file` as a model file, too. Errors: `model-missing`, `learning-off`, and those
   * of calls.
   */
  async get(
    options: CallOptions & { readonly file?: boolean; readonly endpoint?: string } = {},
  ): Promise<ModelReply> {
    const { file = false, endpoint, ...rest } = options;
    return decodeModelReply(await this.#call(modelsService.get, encodeModelRequest(file), rest, endpoint));
  }

  /**
   * Sends how the weights moved in a training of one's own to the leader; nothing else of it is sent. Errors: `model-unknown` (another version is in use by now:
   * get it and train that), `model-invalid`, `model-missing`, `value-too-large`, `invalid-argument`, `already-contributed`, `overloaded`, `learning-off`.
   */
  async contribute(contribution: ModelContribution, options?: CallOptions): Promise<ContributionTaken> {
    const request = encodeContribution(contribution);
    return decodeContributionTaken(
      await this.#call(modelsService.contribute, request, { ...options, changes: true }),
    );
  }

  /**
   * What a node remembers of the series that it forecasts of keys under a prefix, in as many calls as that takes. Errors: `unavailable` (it has no predictor, or none that
   * runs), and those of calls.
   */
  async series(prefix: Bytes, options?: CallOptions): Promise<readonly SeriesPast[]> {
    const all: SeriesPast[] = [];
    let after: SeriesName | null = null;
    for (;;) {
      const request = encodePredictionsRequest({ prefix: byteStringFrom(prefix), limit: 0, after });
      const { series, last, more } = decodeSeriesReply(
        await this.#call(modelsService.series, request, options),
      );
      all.push(...series);
      if (!more || last === null) return all;
      after = last;
    }
  }

  /**
   * Has the leader put a model file in the place of the version in the log, whatever that is; resolves with it in use. Errors: `model-damaged`, `model-version`,
   * `model-invalid` (or of another name), `value-too-large`, `superseded` (another version came first), `learning-off`.
   */
  async publish(file: Uint8Array, options?: CallOptions): Promise<ModelReply> {
    const request = encodeModelFileMessage(file);
    return decodeModelReply(await this.#call(modelsService.publish, request, { ...options, changes: true }));
  }
}
