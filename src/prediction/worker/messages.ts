/**
 * What the two sides of the worker thread say to each other. A call's kind carries the types of both its ends, so that neither side casts;
 * the payloads cross by structured clone, and the buffers named in `transfer` by ownership.
 */
import type { TransferListItem } from 'node:worker_threads';
import { isRecord } from '../../foundation/is-record.ts';

declare const types: unique symbol;

/** The name of a call, with the types of its request and its answer. */
export interface CallKind<Request, Answer> {
  readonly name: string;
  readonly [types]?: (request: Request) => Answer;
}

/** The name of something that the thread tells unasked. */
export interface EventKind<Payload> {
  readonly name: string;
  readonly [types]?: (payload: Payload) => void;
}

export const callKind = <Request, Answer>(name: string): CallKind<Request, Answer> => ({ name });
export const eventKind = <Payload>(name: string): EventKind<Payload> => ({ name });

export interface ToThread {
  readonly id: number;
  readonly kind: string;
  readonly payload: unknown;
}

export type FromThread =
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'refused'; readonly id: number; readonly code: string; readonly message: string }
  | { readonly type: 'event'; readonly kind: string; readonly payload: unknown };

export type Transfer = readonly TransferListItem[];

export function isToThread(value: unknown): value is ToThread {
  return isRecord(value) && Number.isSafeInteger(value.id) && typeof value.kind === 'string';
}

export function isFromThread(value: unknown): value is FromThread {
  if (!isRecord(value)) return false;
  switch (value.type) {
    case 'answer':
      return Number.isSafeInteger(value.id);
    case 'refused':
      return (
        Number.isSafeInteger(value.id) && typeof value.code === 'string' && typeof value.message === 'string'
      );
    case 'event':
      return typeof value.kind === 'string';
    default:
      return false;
  }
}
