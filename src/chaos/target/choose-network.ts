import { TanistError } from '../../foundation/errors.ts';
import type { Journal } from './machine/journal.ts';
import { lacksNamespaces, namespaceNetwork } from './namespaces/namespace-network.ts';
import type { Network } from './network.ts';
import type { Ability, TargetOptions } from './options.ts';
import { type ProxyOptions, proxyNetwork } from './proxy/proxy-network.ts';

export interface NetworkOptions extends Pick<TargetOptions, 'network' | 'wanted'>, Omit<ProxyOptions, 'why'> {
  readonly journal: Journal;
}

/** Namespaces where they can be had and can do what is wanted, unless one kind was asked for. Errors: `unavailable`, `port-taken`. */
export async function chooseNetwork(options: NetworkOptions): Promise<Network> {
  const { network, wanted = [] } = options;
  if (network === 'proxy') return proxyNetwork({ ...options, why: 'the proxy was asked for' });
  const lack = await lacksNamespaces();
  if (lack !== null) {
    if (network === 'namespaces')
      throw new TanistError('unavailable', `${lack}; --network proxy takes neither`);
    return proxyNetwork({ ...options, why: `${lack}, so a proxy stands between the members` });
  }
  let spaces: Network;
  try {
    spaces = await namespaceNetwork(options);
  } catch (error) {
    if (network === 'namespaces') throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return proxyNetwork({
      ...options,
      why: `namespaces can't be had (${reason}), so a proxy stands between the members`,
    });
  }
  const missing = wanted.find((ability) => !spaces.links.can(ability));
  if (network === 'namespaces' || missing === undefined || !proxyCan(missing)) return spaces;
  await spaces.close();
  return proxyNetwork({
    ...options,
    why: `namespaces of this machine can't do ${missing}, so a proxy stands between the members`,
  });
}

const proxyCan = (ability: Ability): boolean => ability !== 'loss';
