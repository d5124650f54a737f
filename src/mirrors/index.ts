/** `tanist/mirrors`: mirrors of outside resources over a client of Tanist or etcd. Begin at `openMirrors`. */
export { type ErrorCode, TanistError } from '../foundation/errors.ts';
export type * from '../ports/state-client.ts';
export { parseSource, parseSources, type Sources } from './config/parse-config.ts';
export type { SourceConfig } from './config/source-schema.ts';
export type { MirrorsHealth, ResourceHealth } from './health/health.ts';
export { signatureOf } from './invalidation/signature.ts';
export { type WebhookPorts, webhook } from './invalidation/webhook.ts';
export type { FinishedLook } from './refresh/looker.ts';
export { Refresher, type RefresherOptions } from './refresh/refresher.ts';
export { defineSource, removeMirror, removeSource } from './sdk/administration.ts';
export type { HitCounts } from './sdk/hits.ts';
export type { HitKind, MirrorEvent, MirrorState, PollOptions } from './sdk/mirror-state.ts';
export type { Mirrors } from './sdk/mirrors.ts';
export { type MirrorsOptions, openMirrors } from './sdk/open-mirrors.ts';
export type { OriginPermissions, OtherState } from './sources/open-origin.ts';
export type { Origin, OriginAnswer, OriginRequest, Validators } from './sources/origin.ts';
export type { SecretPlaces } from './sources/secrets.ts';
export type { RefreshReason } from './state/records.ts';
