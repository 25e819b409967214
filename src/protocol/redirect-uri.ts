/**
 * Which redirect URIs a client may register and which presented one is one of them. Pure.
 * Only URIs whose text is already what browsers will follow are registered, so that comparing text is enough
 * (RFC 9700 section 2.1, RFC 3986 section 6.2.1).
 */

const maxLength = 2048;

/** Schemes that run code, read local data or reach something other than the app. */
const forbiddenSchemes: ReadonlySet<string> = new Set([
  ...['javascript', 'x-javascript', 'livescript', 'mocha', 'vbscript', 'jscript', 'data', 'blob'],
  ...[
    'file',
    'filesystem',
    'about',
    'view-source',
    'jar',
    'mhtml',
    'wyciwyg',
    'resource',
    'content',
  ],
  ...['chrome', 'chrome-extension', 'moz-extension', 'edge', 'opera', 'feed', 'pcast', 'intent'],
  ...['android-app', 'ms-msdt', 'search-ms', 'ms-search', 'ms-settings', 'shell', 'help', 'hcp'],
  ...['ws', 'wss', 'ftp', 'ftps', 'sftp', 'gopher', 'telnet', 'ssh', 'smb', 'nfs', 'ldap', 'ldaps'],
  ...['mailto', 'tel', 'sms', 'news', 'nntp', 'cid', 'mid', 'urn', 'tag', 'null', 'undefined'],
]);

/** `http://` at a loopback literal or `localhost` (RFC 8252 section 7.3), split around the port. */
const loopbackPattern =
  /^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost))(?::([1-9][0-9]{0,4}))?((?:[/?].*)?)$/u;

interface Rule {
  readonly broken: (uri: string, parts: Parts) => boolean;
  readonly reason: string | ((uri: string, parts: Parts) => string);
}

/** The text cut at its delimiters, before any normalisation. */
interface Parts {
  readonly scheme: string;
  /** Undefined where no `//` follows the scheme. */
  readonly authority: string | undefined;
  readonly path: string;
}

const cut = (uri: string): Parts | undefined => {
  const match = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)/iu.exec(uri);
  if (match === null) return undefined;
  return { scheme: match[1] ?? '', authority: match[2], path: match[3] ?? '' };
};

const isWeb = (scheme: string): boolean => scheme === 'https' || scheme === 'http';

/** The text a browser makes of it; the `/` that it adds to a bare origin is no difference (Proxmox has none). */
const isNormalised = (uri: string): boolean => {
  const { href } = new URL(uri);
  return href === uri || href === uri.replace(/^(https?:\/\/[^/?#]+)(?=\?|$)/u, '$1/');
};

/** Rules about the text alone, in the order in which their reasons help most. */
const textRules: readonly Rule[] = [
  {
    broken: (uri) => uri.length > maxLength,
    reason: `is longer than ${maxLength} characters`,
  },
  {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
    broken: (uri) => /[\u0000-\u0020\u007f-\u00a0\u2028\u2029]/u.test(uri),
    reason: 'holds white space or control characters: remove them',
  },
  {
    broken: (uri) => uri.includes('\\'),
    reason: 'holds a backslash: write "/"',
  },
  {
    broken: (_, { authority }) => /[^ -~]/u.test(authority ?? ''),
    reason: 'has a host that is not ASCII: write its punycode form ("xn--…")',
  },
  {
    broken: (uri) => !/^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]*$/u.test(uri),
    reason: 'holds characters that no URI may hold (RFC 3986): percent-encode them',
  },
  {
    broken: (uri) => /%(?![0-9A-Fa-f]{2})/u.test(uri),
    reason: 'holds a "%" that two hexadecimal digits do not follow: write "%25"',
  },
  {
    broken: (uri) => /%(?:[01][0-9A-Fa-f]|7[Ff])/u.test(uri),
    reason: 'holds an encoded control character such as "%00" or "%0a": remove it',
  },
  {
    broken: (uri) => uri.includes('#'),
    reason: 'has a fragment: remove the part from "#" on (RFC 6749 section 3.1.2)',
  },
  {
    broken: (_, { authority }) => authority?.includes('@') ?? false,
    reason: 'names a user before "@" in its host part: remove it',
  },
  {
    broken: (_, { authority }) => authority?.includes('*') ?? false,
    reason: 'has a wildcard in its host: register every host',
  },
  {
    broken: (_, { path }) => /%2e|%5c/iu.test(path),
    reason: 'has an encoded "." or "\\" in its path: write it plainly or remove it',
  },
  {
    broken: (_, { path }) => path.split('/').some((segment) => segment === '.' || segment === '..'),
    reason: 'has "." or ".." as a path segment: write the path they lead to',
  },
  {
    broken: (_, { scheme }) => scheme !== scheme.toLowerCase(),
    reason: 'has capitals in its scheme: write it in lower case',
  },
  {
    broken: (_, { scheme }) => forbiddenSchemes.has(scheme),
    reason: (_, { scheme }) => `uses the scheme "${scheme}:", which never leads to an app`,
  },
];

/** Rules for `https:` and `http:`, after the text rules. */
const webRules: readonly Rule[] = [
  {
    broken: (_, { authority }) => authority === undefined || authority === '',
    reason: 'names no host: begin with "https://" and a host',
  },
  {
    broken: (_, { authority }) => authority !== authority?.toLowerCase(),
    reason: 'has capitals in its host: write it in lower case, as browsers send it',
  },
  {
    broken: (_, { authority }) => /\.(?::\d*)?$/u.test(authority ?? ''),
    reason: 'has a host that ends in a dot: remove the dot',
  },
  {
    broken: (_, { authority }) =>
      !/^(?:\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::\d+)?$/u.test(authority ?? ''),
    reason:
      'has an invalid host or port: write a DNS name or address, optionally followed by ":port"',
  },
  {
    broken: (_, { scheme, authority }) =>
      authority?.endsWith(scheme === 'https' ? ':443' : ':80') ?? false,
    reason: 'names the default port of its scheme: leave the port out, as browsers do',
  },
];

const firstBroken = (rules: readonly Rule[], uri: string, parts: Parts): string | undefined => {
  const rule = rules.find(({ broken }) => broken(uri, parts));
  if (rule === undefined) return undefined;
  return typeof rule.reason === 'string' ? rule.reason : rule.reason(uri, parts);
};

const notAbsolute =
  'is not an absolute URI: begin with "https://", "http://" or the app\'s own scheme';

/**
 * Why `uri` may not be registered, worded to follow the URI itself (`has a fragment: remove …`); undefined when it may.
 * Plain `http:` is allowed for any host, as apps on a tailnet run it; private-use schemes are allowed
 * whatever their name, but for a list of schemes that run code or read local data.
 */
export const checkRedirectUri = (uri: string): string | undefined => {
  const parts = cut(uri);
  if (parts === undefined) return firstBroken(textRules.slice(0, 3), uri, none) ?? notAbsolute;
  const reason =
    firstBroken(textRules, uri, parts) ??
    (isWeb(parts.scheme) ? firstBroken(webRules, uri, parts) : undefined);
  if (reason !== undefined) return reason;
  if (!URL.canParse(uri)) return 'is not a URI that a browser can read';
  if (parts.authority === undefined && parts.path === '') return 'has nothing after its scheme';
  if (!isNormalised(uri)) return `is not in its normal form: write "${new URL(uri).href}"`;
  return undefined;
};

const none: Parts = { scheme: '', authority: undefined, path: '' };

interface Loopback {
  readonly origin: string;
  readonly rest: string;
}

const cutLoopback = (uri: string): Loopback | undefined => {
  const match = loopbackPattern.exec(uri);
  if (match === null || Number(match[2] ?? 80) > 65_535) return undefined;
  return { origin: match[1] ?? '', rest: match[3] ?? '' };
};

/**
 * Whether `presented` is one of the `registered` URIs: the same text, or the same but for the port where both are
 * `http://` at `127.0.0.1`, `[::1]` or `localhost`, because native apps listen where they can (RFC 8252 section 7.3).
 */
export const redirectUriMatches = (registered: readonly string[], presented: string): boolean => {
  if (registered.includes(presented)) return true;
  const wanted = cutLoopback(presented);
  if (wanted === undefined) return false;
  return registered.some((uri) => {
    const known = cutLoopback(uri);
    return known !== undefined && known.origin === wanted.origin && known.rest === wanted.rest;
  });
};

/** All that leads back to the device itself: the unspecified address does, too, and IPv4 written as IPv6. */
const isLoopbackHost = (hostname: string): boolean =>
  hostname === 'localhost' ||
  hostname.endsWith('.localhost') ||
  ['[::1]', '[::]', '0.0.0.0', '[::ffff:0:0]'].includes(hostname) ||
  /^127(?:\.\d+){3}$/u.test(hostname) ||
  /^\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\]$/u.test(hostname);

/**
 * Whether any process on the person's device could receive what is sent there: a loopback host or a private-use
 * scheme (RFC 8252 section 8.6). Text that is not a URL counts as native, the careful answer.
 */
export const isNativeRedirect = (uri: string): boolean => {
  if (!URL.canParse(uri)) return true;
  const { protocol, hostname } = new URL(uri);
  return !(protocol === 'https:' || protocol === 'http:') || isLoopbackHost(hostname);
};

/** What a page shows as the receiver: `https://grafana.example:3000`, or `app.immich:` for a private-use scheme. */
export const redirectHost = (uri: string): string => {
  if (!URL.canParse(uri)) return '';
  const { protocol, origin } = new URL(uri);
  return protocol === 'https:' || protocol === 'http:' ? origin : protocol;
};

/**
 * The source expressions that let a form's answer redirect there, for the CSP directive `form-action`. Schemes and
 * no host: Chromium holds the directive against every redirect that follows, and where an app sends its people
 * from there (a login gateway: on to the app itself) is known to nobody here. Its button would do nothing.
 */
export const formActionSource = (uri: string): string => {
  if (!URL.canParse(uri)) return '';
  const { protocol } = new URL(uri);
  return protocol === 'https:' || protocol === 'http:' ? 'https: http:' : protocol;
};
