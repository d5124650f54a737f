import { randomBytes, scrypt } from 'node:crypto';

/** RFC 7914: about 16 MiB and some tens of ms. */
const cost = 2 ** 14;
const hashBytes = 32;
/** One at a time: they run on the threads that the disk's writes need as well. */
let last: Promise<unknown> = Promise.resolve();

/** What is kept of a password: `scrypt`, its cost, salt and hash. */
export function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hashed = last.then(
    () =>
      new Promise<string>((resolve, reject) => {
        scrypt(password, salt, hashBytes, { N: cost }, (error, hash) => {
          if (error !== null) reject(error);
          else resolve(`scrypt:${cost}:${salt.toString('base64')}:${hash.toString('base64')}`);
        });
      }),
  );
  last = hashed.catch(() => {});
  return hashed;
}
