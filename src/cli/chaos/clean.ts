import { outputTo } from '../terminal/output.ts';

/** `chaos clean`: what a harness that was killed has left. */
export async function cleanUp(options: { readonly json?: boolean }): Promise<void> {
  const { cleanLeftovers } = await import('../../chaos/target/clean.ts');
  const out = outputTo(options.json === true);
  const undone = await cleanLeftovers();
  for (const line of undone) out.say(line);
  if (undone.length === 0) out.say('nothing was left');
  out.document({ undone });
}
