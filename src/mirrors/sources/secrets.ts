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

/** What may stand in a header of HTTP (RFC 9110, 5.5), and in metadata of gRPC. */
export const headerText = /^[\t\x20-\x7e\x80-\xff]*$/;
export const metadataText = /^[\x20-\x7e]*$/;

/** As `secretOf`, for each of them. Of one with other characters than `allowed` it is said which, not what. */
export async function secretsOf(
  secrets: Readonly<Record<string, SecretText>>,
  places: SecretPlaces,
  allowed: RegExp | null,
): Promise<Readonly<Record<string, string>>> {
  const found = Object.entries(secrets).map(async ([name, secret]) => {
    const value = await secretOf(secret, places);
    if (allowed !== null && !allowed.test(value)) throw unfit(name, secret);
    return [name, value] as const;
  });
  return Object.fromEntries(await Promise.all(found));
}

/** Read anew for every call, so that a rotated secret counts at once. Fails as `secret-missing`; no message holds a secret. */
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

function unfit(name: string, secret: SecretText): TanistError {
  const what =
    typeof secret === 'string'
      ? `the text of ${name}`
      : 'env' in secret
        ? `the variable ${secret.env}`
        : `the file ${secret.file}`;
  return missing(
    `${what} has characters that ${name} cannot have: a line's end within it, or others than ASCII`,
  );
}

function missing(wrong: string): TanistError {
  return new TanistError('secret-missing', `a secret is missing: ${wrong}`);
}
