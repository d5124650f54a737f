import { readFile } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { TanistError } from '../../foundation/errors.ts';
import type { SecretText } from '../config/values.ts';

/** Where a process looks secrets up. Sources are shared through the state, so what they may name is for the process to say. */
export interface SecretPlaces {
  /** Environment variables that begin with this. */
  readonly environmentPrefix: string;
  /** Files below this folder; null: none. */
  readonly folder: string | null;
}

export const defaultSecretPlaces: SecretPlaces = { environmentPrefix: 'TANIST_SECRET_', folder: null };

/** Read anew for every call, so that a rotated secret counts at once. Fails as `secret-missing`; no message ever holds a secret. */
export async function secretOf(secret: SecretText, places: SecretPlaces): Promise<string> {
  if (typeof secret === 'string') return secret;
  const value = 'env' in secret ? fromEnvironment(secret.env, places) : await fromFile(secret.file, places);
  return secret.prefix + value;
}

function fromEnvironment(name: string, { environmentPrefix }: SecretPlaces): string {
  if (!name.startsWith(environmentPrefix))
    throw missing(`the variable ${name} may not be read: its name must begin with ${environmentPrefix}`);
  const value = process.env[name];
  if (value === undefined || value === '') throw missing(`the variable ${name} is not set in this process`);
  return value;
}

async function fromFile(path: string, { folder }: SecretPlaces): Promise<string> {
  if (folder === null)
    throw missing(`the file ${path} may not be read: this process has no folder of secrets`);
  const whole = resolve(folder, path);
  const below = relative(resolve(folder), whole);
  if (below === '' || below.startsWith('..') || isAbsolute(below))
    throw missing(`the file ${path} may not be read: it is outside the folder of secrets`);
  try {
    return (await readFile(whole, 'utf8')).trim();
  } catch {
    throw missing(`the file ${path} cannot be read`);
  }
}

function missing(wrong: string): TanistError {
  return new TanistError('secret-missing', `a secret is missing: ${wrong}`);
}
