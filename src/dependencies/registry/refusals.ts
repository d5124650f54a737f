import { TanistError } from '../../foundation/errors.ts';
import type { SandboxFacts } from '../../ports/dependency-registry.ts';

export const isGone = (error: unknown): boolean =>
  error instanceof TanistError && error.code === 'lease-not-found';

export function unlessGone(error: unknown): void {
  if (!isGone(error)) throw error;
}

export function unknownSandbox(id: string): TanistError {
  return new TanistError(
    'sandbox-unknown',
    `no sandbox ${id} is registered, or its heartbeats stopped: join again`,
  );
}

export function laterJoin(id: string): TanistError {
  return new TanistError('sandbox-unknown', `a later join of ${id} came before this one: join again`);
}

export function idTaken({ id, address }: SandboxFacts): TanistError {
  return new TanistError(
    'sandbox-exists',
    `an agent at ${address} is ${id} already; choose another --id, or stop that one`,
  );
}
