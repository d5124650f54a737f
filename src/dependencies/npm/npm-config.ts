import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { asError, TanistError } from '../../foundation/errors.ts';
import { noProxies, type ProxySettings, proxySettings } from '../outside/proxy-settings.ts';

/** Where packages come from, as the machine's npm is configured. */
export interface NpmConfig {
  /** Ends with `/`. */
  readonly registry: string;
  /** Of scopes with a registry of their own, `@scope` → address. */
  readonly scopes: Readonly<Record<string, string>>;
  /** Credentials by the beginning of addresses, `//host/path/`. Never logged. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly authorities: readonly string[];
  readonly strictTls: boolean;
  readonly proxies: ProxySettings;
}

/**
 * As npm itself resolves it (flags, environment, project, user, global, built in), asked of npm in `folder`. What npm does not print (credentials) is read from
 * the files that it names. Fails as `config-invalid`.
 */
export async function readNpmConfig(folder: string): Promise<NpmConfig> {
  const listed = await npmConfigList(folder);
  const text = (name: string): string => (typeof listed[name] === 'string' ? listed[name] : '');
  const files = [text('globalconfig'), text('userconfig'), `${folder}/.npmrc`];
  const lines: Record<string, string> = {};
  for (const file of files)
    Object.assign(lines, parseNpmrc(await readFile(file, 'utf8').catch(() => ''), process.env));
  const scopes: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...lines, ...listed }))
    if (/^@[^:]+:registry$/.test(name) && typeof value === 'string')
      scopes[name.replace(':registry', '')] = withSlash(value);
  const ca = listed.ca;
  const cafile = text('cafile');
  return {
    registry: withSlash(text('registry')),
    scopes,
    credentials: credentialsIn(lines),
    authorities: [
      ...(cafile === '' ? [] : [await readFile(cafile, 'utf8').catch(() => '')]),
      ...(typeof ca === 'string' && ca !== '' ? [ca] : Array.isArray(ca) ? ca.map(String) : []),
    ].filter((pem) => pem !== ''),
    strictTls: listed['strict-ssl'] !== false,
    // An address with credentials is one of those that npm does not print.
    proxies: proxySettings(
      { ...lines, ...variablesOfNpm(process.env), ...withoutNulls(listed) },
      process.env,
    ),
  };
}

/** A configuration for one address, without credentials. Fails as `config-invalid`. */
export function configFor(registry: string, proxies = noProxies): NpmConfig {
  return {
    registry: withSlash(registry),
    scopes: {},
    credentials: {},
    authorities: [],
    strictTls: true,
    proxies,
  };
}

/** Settings that the environment gives npm: `npm_config_https_proxy` is `https-proxy`. */
function variablesOfNpm(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => {
      const [, setting] = /^npm_config_(\w+)$/i.exec(name) ?? [];
      return setting === undefined ? [] : [[setting.toLowerCase().replaceAll('_', '-'), value]];
    }),
  );
}

/** npm prints null for what is not set, `noproxy` as a list of one empty name. */
function withoutNulls(listed: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(listed).filter(
      ([name, value]) => value !== null && (name !== 'noproxy' || String(value) !== ''),
    ),
  );
}

/** The registry of a package: its scope's, or the one for all. */
export function registryFor({ scopes, registry }: NpmConfig, name: string): URL {
  const scope = name.startsWith('@') ? (name.split('/')[0] ?? '') : '';
  return new URL(scopes[scope] ?? registry);
}

/** `name = value` lines of an npmrc; `${NAME}` stands for the environment's. */
export function parseNpmrc(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const [, name, value] = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    const plain = value.replace(/^"(.*)"$/, '$1');
    found[name] = plain.replaceAll(
      /\$\{([^}]+)\}/g,
      (whole, variable: string) => environment[variable] ?? whole,
    );
  }
  return found;
}

/** The header `Authorization` by the beginning of addresses. */
export function credentialsIn(lines: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const bases = new Set(
    Object.keys(lines).flatMap((name) => /^(\/\/.+\/?):[_a-zA-Z]+$/.exec(name)?.[1] ?? []),
  );
  for (const base of bases) {
    const token = lines[`${base}:_authToken`];
    const basic = lines[`${base}:_auth`];
    const user = lines[`${base}:username`];
    const password = lines[`${base}:_password`];
    const header =
      token !== undefined
        ? `Bearer ${token}`
        : basic !== undefined
          ? `Basic ${basic}`
          : user !== undefined && password !== undefined
            ? `Basic ${Buffer.from(`${user}:${Buffer.from(password, 'base64').toString('utf8')}`).toString('base64')}`
            : null;
    if (header !== null) found[base.endsWith('/') ? base : `${base}/`] = header;
  }
  return found;
}

/** What this address is sent: the credentials of the longest beginning that it has, over whichever scheme npm would send them. */
export function authorizationFor(
  url: URL,
  credentials: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const address = `//${url.host}${url.pathname}`;
  let longest = '';
  for (const base of Object.keys(credentials))
    if (address.startsWith(base) && base.length > longest.length) longest = base;
  const authorization = credentials[longest];
  return authorization === undefined ? {} : { authorization };
}

function withSlash(address: string): string {
  if (!/^https?:$/.test(URL.canParse(address) ? new URL(address).protocol : ''))
    throw new TanistError(
      'config-invalid',
      `${JSON.stringify(address)} is no address of a registry; set npm's registry, or --registry`,
    );
  return address.endsWith('/') ? address : `${address}/`;
}

function npmConfigList(folder: string): Promise<Readonly<Record<string, unknown>>> {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, maxBuffer: 4 * 1024 * 1024, timeout: 30_000 };
    execFile(npm, ['config', 'list', '--json', '--loglevel=silent'], options, (error, stdout) => {
      try {
        if (error !== null) throw error;
        resolve(JSON.parse(stdout) as Readonly<Record<string, unknown>>);
      } catch (failure) {
        const why = asError(failure).message.split('\n')[0];
        reject(
          new TanistError(
            'config-invalid',
            `npm does not tell its configuration (${why}); install npm, or name a registry with --registry`,
          ),
        );
      }
    });
  });
}
