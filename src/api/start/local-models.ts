import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { asError, TanistError } from '../../foundation/errors.ts';
import type { LocalModel } from '../../node/prediction/model-keeper.ts';

const ownModels = fileURLToPath(new URL('../../../../models/', import.meta.url));
const suffix = '.model';

/** The model files of a folder, by their names; of the program's own where none is given. What is in them is found out where they are loaded. */
export async function localModels(folder: string = ownModels): Promise<readonly LocalModel[]> {
  try {
    const names = (await readdir(folder)).filter((name) => name.endsWith(suffix)).sort();
    return await Promise.all(
      names.map(async (name) => ({
        name: name.slice(0, -suffix.length),
        bytes: await readFile(`${folder}/${name}`),
      })),
    );
  } catch (error) {
    throw new TanistError('model-missing', `no models in ${folder}: ${asError(error).message}`, {
      cause: error,
    });
  }
}
