import { buildKind } from '../../foundation/build-kind.ts';
import { TanistError } from '../../foundation/errors.ts';
import { activateMutant, mutantNames } from '../../foundation/mutants.ts';
import { mutantVariable } from '../../local/node-channel.ts';

/**
 * Turns on the mutant that the environment names; nothing is named in ordinary life. Errors: `config-invalid` for a name that is none, and in a release build, where a
 * fault that somebody counts on must not be left out in silence.
 */
export function activateMutantOf(
  name: string | undefined,
  kind: 'test' | 'release' = buildKind,
  activate: typeof activateMutant = activateMutant,
): void {
  if (name === undefined || name === '') return;
  if (kind === 'release')
    throw new TanistError(
      'config-invalid',
      `${mutantVariable}=${name}: a release build has no mutants; unset it, or run a test build`,
    );
  const known = mutantNames.find((one) => one === name);
  if (known === undefined)
    throw new TanistError(
      'config-invalid',
      `${mutantVariable}=${name}: there is no such mutant; they stand in src/foundation/mutants.ts`,
    );
  activate(known);
}
