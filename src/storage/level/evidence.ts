import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sync } from './write-ahead-files.ts';

/** Kept of each database, the newest ones; what is beyond the bytes goes, so that evidence never fills the disk. */
const keptEach = 2;

/** Where a database that is set aside next goes. */
export async function nextEvidence(folder: string, name: string): Promise<string> {
  const numbers = (await evidenceOf(folder, name)).map(numberOf);
  return evidenceName(name, Math.max(0, ...numbers) + 1);
}

/** Null: there is no such database. */
export async function setAside(folder: string, name: string, mostBytes: number): Promise<string | null> {
  if ((await stat(join(folder, name)).catch(() => null)) === null) return null;
  const evidence = await nextEvidence(folder, name);
  await rename(join(folder, name), join(folder, evidence));
  await sync(folder);
  await pruneEvidence(folder, name, mostBytes);
  return evidence;
}

export async function pruneEvidence(folder: string, name: string, mostBytes: number): Promise<void> {
  const newestFirst = [...(await evidenceOf(folder, name))].sort((a, b) => numberOf(b) - numberOf(a));
  let bytes = 0;
  for (const [i, evidence] of newestFirst.entries()) {
    bytes += await bytesIn(join(folder, evidence));
    if (i >= keptEach || bytes > mostBytes)
      await rm(join(folder, evidence), { recursive: true, force: true });
  }
}

function evidenceName(name: string, number: number): string {
  return `${name}.evidence-${number}`;
}

function numberOf(evidence: string): number {
  return Number(/-(\d+)$/.exec(evidence)?.[1] ?? 0);
}

async function evidenceOf(folder: string, name: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter(
    (entry) => entry.startsWith(`${name}.evidence-`) && entry === evidenceName(name, numberOf(entry)),
  );
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const file of await readdir(folder))
    bytes += (await stat(join(folder, file)).catch(() => null))?.size ?? 0;
  return bytes;
}
