import type { OriginConfig } from './source-schema.ts';

/** Words that name a secret; `key` does so behind some others. */
const words =
  /^(auth|authorization|authentication|bearer|cookie|credentials?|jwt|pass(word|wd|phrase)?|pwd|secret|sig|signature|token)$/;
const endings =
  /(token|secret|password|passwd|cookie|credential|(api|access|auth|private|secret|shared|subscription)key)$/;
/** What a name that ends so is about a secret, and is none: `token_type`, `x-auth-mode`, `--pass-through`. */
const about =
  /^(algorithm|class|count|enabled|endpoint|expires|expiry|file|format|issuer|kind|length|lifetime|method|mode|only|policy|provider|realm|required|scheme|scope|scopes|stdin|through|timeout|ttl|type)$/;
/** What follows an option and is one itself, not its value. */
const option = /^--[a-z]+(-[a-z]+)*(=.*)?$/s;
const texts = /\b(bearer|basic)\s+[\w+/.=~-]{4,}|\beyJ[\w-]{10,}\.|:\/\/[^/\s@]*:[^/\s@]+@/i;

/** The name of what looks like a secret in text, which would go into the log; null: nothing does. */
export function plainSecret(origin: OriginConfig): string | null {
  for (const [name, value] of namedTexts(origin))
    if ((namesSecret(name) && !/^\{\+?key\}$/.test(value) && value !== '') || texts.test(value)) return name;
  return null;
}

function namesSecret(name: string): boolean {
  const parts = name
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  const last = parts.at(-1) ?? '';
  // An address of a service, or one that is itself what must stay secret.
  if (last === 'url' || last === 'uri') return parts.includes('secret') || parts.includes('password');
  if (about.test(last)) return false;
  return parts.some((part) => words.test(part)) || endings.test(parts.join(''));
}

function* namedTexts(origin: OriginConfig): Generator<readonly [name: string, value: string]> {
  switch (origin.kind) {
    case 'http':
      yield* new URL(origin.url).searchParams;
      yield* texted({ ...origin.headers, ...origin.query });
      return;
    case 'grpc':
      yield* texted(origin.metadata);
      yield* within('request', origin.request);
      return;
    case 'command':
      yield* texted(origin.env);
      for (const [i, argument] of origin.argv.entries()) {
        const [, named, value] = /^-*([\w-]+)\s*[=:]\s*(.+)$/s.exec(argument) ?? [];
        yield ['argv', argument];
        if (named !== undefined && value !== undefined) yield [named, value];
        const before = origin.argv[i - 1] ?? '';
        const isOption = before.startsWith('--') && !before.includes('=');
        if (isOption && !option.test(argument)) yield [before, argument];
      }
      return;
    case 'etcd':
      for (const endpoint of origin.endpoints) yield ['endpoints', endpoint];
      return;
    case 'file':
    case 'own':
      return;
  }
}

function* texted(secrets: Readonly<Record<string, unknown>>): Generator<readonly [string, string]> {
  for (const [name, value] of Object.entries(secrets)) if (typeof value === 'string') yield [name, value];
}

function* within(name: string, value: unknown): Generator<readonly [string, string]> {
  if (typeof value === 'string') yield [name, value];
  else if (value !== null && typeof value === 'object')
    for (const [each, inner] of Object.entries(value))
      yield* within(Array.isArray(value) ? name : each, inner);
}
