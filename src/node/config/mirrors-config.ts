import * as v from 'valibot';
import { wholeNumberOr, yesOrNo } from './config-values.ts';

/** Section `mirrors` of the config. */

export const mirrorsSchema = v.strictObject({
  /** True: this node, while it is hot, refreshes its share of the mirrors that the cluster holds. */
  refresh: yesOrNo(false),
  /** Origins asked at a time. */
  parallel: wholeNumberOr(16, 1, 1000),
  /** Sources may name secrets in files below this; absent: only variables that begin with `TANIST_SECRET_`. */
  secrets: v.optional(v.pipe(v.string('must be a folder'), v.nonEmpty('must not be empty'))),
});

export type MirrorsConfig = v.InferOutput<typeof mirrorsSchema>;
