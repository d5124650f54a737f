import { TanistError } from '../../foundation/errors.ts';

/**
 * `immutable`: what the address answers once it answers for ever. `cache`: as its headers say, asked about again when their time is over. `pass`: goes
 * through, nothing is kept. `tunnel`: CONNECT is allowed, and what passes is seen and kept by nobody. `deny`: refused.
 */
export const ruleActions = ['immutable', 'cache', 'pass', 'tunnel', 'deny'] as const;
export type RuleAction = (typeof ruleActions)[number];

export interface ProxyRule {
  /** `*` stands for anything but `/`, `**` for anything. Against `http://host[:port]/path`, of CONNECT against `connect://host:port`. */
  readonly match: string;
  readonly action: RuleAction;
}

/** As apt needs it: packages and what is named by its digest never change, indices do. What is not named is kept as HTTP says; CONNECT is refused. */
export const defaultRules: readonly ProxyRule[] = [
  { match: 'http://**.deb', action: 'immutable' },
  { match: 'http://**.udeb', action: 'immutable' },
  { match: 'http://**/by-hash/**', action: 'immutable' },
  { match: 'http://**/pool/**', action: 'immutable' },
  { match: 'connect://**', action: 'deny' },
  { match: 'http://**', action: 'cache' },
];

/** The first rule that fits counts; those of the user come before the default ones. */
export class ProxyRules {
  readonly #rules: readonly { readonly pattern: RegExp; readonly action: RuleAction }[];

  constructor(rules: readonly ProxyRule[]) {
    this.#rules = [...rules, ...defaultRules].map(({ match, action }) => ({
      pattern: patternOf(match),
      action,
    }));
  }

  actionFor(address: string): RuleAction {
    return this.#rules.find(({ pattern }) => pattern.test(address))?.action ?? 'deny';
  }
}

/** What a file of rules holds: a list of `{match, action}`. Fails as `config-invalid`. */
export function rulesFrom(content: unknown): readonly ProxyRule[] {
  if (!Array.isArray(content))
    throw new TanistError('config-invalid', 'the rules must be a list of {match, action}');
  return content.map((rule: unknown, i) => {
    const { match, action } = (typeof rule === 'object' && rule !== null ? rule : {}) as Readonly<
      Record<string, unknown>
    >;
    const known = ruleActions.find((name) => name === action);
    if (typeof match === 'string' && match.length <= 1024 && known !== undefined)
      return { match, action: known };
    throw new TanistError(
      'config-invalid',
      `rule ${i + 1} must have a match such as http://deb.example.org/** and an action of ${ruleActions.join(', ')}`,
    );
  });
}

function patternOf(match: string): RegExp {
  const source = match.split(/(\*+)/).map((part) => {
    if (part === '*') return '[^/]*';
    if (part.startsWith('**')) return '.*';
    return part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
  });
  return new RegExp(`^${source.join('')}$`, 's');
}
