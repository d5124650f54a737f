import { TanistError } from '../../foundation/errors.ts';

/** A proxy between this machine and the world. */
export interface OutsideProxy {
  /** Without credentials. */
  readonly url: URL;
  /** The header `Proxy-Authorization`, for it alone; null: none. */
  readonly authorization: string | null;
}

/** Through what addresses outside are reached. Other agents are always asked directly. */
export interface ProxySettings {
  readonly forHttp: OutsideProxy | null;
  readonly forHttps: OutsideProxy | null;
  /** Hosts that are asked directly with all below them, `host` or `host:port`; `*`: all. */
  readonly except: readonly string[];
}

export const noProxies: ProxySettings = { forHttp: null, forHttps: null, except: [] };

/** Null: directly. */
export function proxyFor(url: URL, { forHttp, forHttps, except }: ProxySettings): OutsideProxy | null {
  const host = url.hostname.toLowerCase();
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const isExcept = except.some((each) => {
    const [, name = '', onlyPort] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(each.toLowerCase()) ?? [];
    if (each === '*') return true;
    if (name === '' || (onlyPort !== undefined && onlyPort !== port)) return false;
    return host === name || host.endsWith(`.${name}`);
  });
  return isExcept ? null : url.protocol === 'https:' ? forHttps : forHttp;
}

/**
 * `https-proxy`, `proxy` and `noproxy` of npm's configuration, one for all addresses as npm has it; where it names none those of the environment: `https_proxy`,
 * `http_proxy`, `no_proxy`, in small letters or capitals. `proxy=false` means none. Fails as `config-invalid`.
 */
export function proxySettings(
  npm: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
): ProxySettings {
  const variable = (name: string): string | null =>
    given(environment[name]) ?? given(environment[name.toUpperCase()]);
  const except = namesIn(npm.noproxy);
  const settings = { except: except.length > 0 ? except : namesIn(variable('no_proxy')) };
  const one = given(npm['https-proxy']) ?? given(npm.proxy);
  if (one !== null) return { ...settings, forHttp: outsideProxy(one), forHttps: outsideProxy(one) };
  if (npm.proxy === false || npm.proxy === 'false') return noProxies;
  const [https, http] = [variable('https_proxy'), variable('http_proxy')];
  return {
    ...settings,
    forHttp: outsideProxy(http ?? https),
    forHttps: outsideProxy(https),
  };
}

function outsideProxy(text: string | null): OutsideProxy | null {
  if (text === null) return null;
  const address = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new TanistError(
      'config-invalid',
      `the proxy ${JSON.stringify(text.replace(/\/\/.*@/, '//…@'))} is none that is spoken to with http or https; set https-proxy of npm, or https_proxy`,
    );
  const [user, password] = [url.username, url.password].map(decodeURIComponent);
  url.username = '';
  url.password = '';
  const authorization = user === '' ? null : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return { url, authorization };
}

const given = (value: unknown): string | null =>
  typeof value === 'string' && !['', 'null', 'false'].includes(value.trim()) ? value.trim() : null;

const namesIn = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value.map(String) : [String(value ?? '')])
    .flatMap((text) => text.split(/[\s,]+/))
    .filter((name) => name !== '');
