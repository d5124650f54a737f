import type { SessionId } from '../../foundation/ids.ts';

/** Where the session with the state is. `sent`: the OpenSession is on the present stream and unanswered. */
export type SessionPhase =
  | { readonly state: 'none' }
  | { readonly state: 'opening'; readonly nonce: string; readonly sent: boolean }
  | { readonly state: 'open'; readonly id: SessionId };

export type SessionInput =
  /** There is a command to send. */
  | { readonly type: 'needed'; readonly nonce: string }
  | { readonly type: 'openSent' }
  | { readonly type: 'opened'; readonly id: SessionId }
  /** The opening was refused before it reached the log, or failed for now; it is tried again. */
  | { readonly type: 'openRefused' }
  | { readonly type: 'streamLost' }
  | { readonly type: 'expired' };

export const noSessionYet: SessionPhase = { state: 'none' };

/**
 * An unanswered opening keeps its nonce over all re-sends, so the state finds the session that an earlier copy made. A session is left
 * only by its expiry, and the next one has a nonce of its own. Inputs that don't fit a state are late news and change nothing.
 */
export function nextPhase(phase: SessionPhase, input: SessionInput): SessionPhase {
  switch (input.type) {
    case 'needed':
      return phase.state === 'none' ? { state: 'opening', nonce: input.nonce, sent: false } : phase;
    case 'openSent':
      return phase.state === 'opening' ? { state: 'opening', nonce: phase.nonce, sent: true } : phase;
    case 'opened':
      return phase.state === 'opening' && phase.sent ? { state: 'open', id: input.id } : phase;
    case 'openRefused':
    case 'streamLost':
      return phase.state === 'opening' && phase.sent
        ? { state: 'opening', nonce: phase.nonce, sent: false }
        : phase;
    case 'expired':
      return phase.state === 'open' ? noSessionYet : phase;
  }
}
