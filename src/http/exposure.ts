import { devicePath } from '../flows/device/device-request.ts';
import { deniedPath } from '../flows/login/denied-page.ts';
import type { RegistrationMode } from '../policy/decide-register.ts';
import { describeToken } from '../tokens/introspection.ts';
import { answerClient, answerClients, answerMark, answerSecret } from './admin-api.ts';
import { adminPaths } from './admin-paths.ts';
import { byProvider } from './by-provider.ts';
import { answerEditClient, answerNewClient } from './client-pages.ts';
import { addClient, answerScriptClient, listClients } from './clients-api.ts';
import { answerDevicePage } from './device-route.ts';
import { answerHealth, answerReadiness } from './health.ts';
import { showHome } from './home.ts';
import type { ListenerKind, RouteKind } from './identify/entrance.ts';
import { answerAuthorize, answerDenied, answerInteraction, answerResume } from './login-routes.ts';
import { answerLogout, answerLogoutConfirm } from './logout-routes.ts';
import { authorizationForm, presentedForm, tokenForm } from './normalise-form.ts';
import { publishKeys, publishMetadata } from './publish.ts';
import { answerRegister, answerRegistered } from './registration.ts';
import { allowOf, type Route, showsRegistration } from './route.ts';

/** Where people come, each from a device that the listener knows. */
const people = ['tailnet', 'serve', 'userspace', 'demo'] as const;
/** Also the servers of apps, who authenticate with their secrets, and need not be in the tailnet. */
const servers = [...people, 'funnel', 'backchannel'] as const;
const cors = ['GET', 'POST', 'OPTIONS'] as const;

/** For whoever may register clients (RFC 7591), people and, in mode `public`, the internet. */
const registering = { kind: 'api', listeners: [...people, 'funnel'], registration: true } as const;
const metadata = { methods: ['GET', 'OPTIONS'], kind: 'metadata', listeners: servers } as const;
/** tsidp's own; for administrators (`administrator.ts`). */
const scripts = { kind: 'api', listeners: [...people, 'admin'], sameOriginOnly: true } as const;
/** Pages whose buttons do something. */
const forms = {
  methods: ['GET', 'POST'],
  kind: 'page',
  listeners: people,
  sameOriginOnly: true,
} as const;
const health = { methods: ['GET'], kind: 'health', listeners: [...people, 'admin'] } as const;
const commandLine = { kind: 'api', listeners: ['admin'] } as const;
const post = ['POST', 'OPTIONS'] as const;

/**
 * All that can be reached, and who answers there, as one table; what is not in it is a 404. A path ends in `/*` for one
 * more segment.
 */
export const exposure: readonly Route[] = [
  { path: '/', methods: ['GET'], kind: 'page', listeners: people, handler: showHome },
  {
    path: '/authorize',
    methods: ['GET', 'POST'],
    kind: 'page',
    listeners: people,
    handler: answerAuthorize,
  },
  {
    path: '/authorize/*',
    methods: ['GET'],
    kind: 'page',
    listeners: people,
    handler: answerResume,
  },
  { ...forms, path: '/interaction/*', handler: answerInteraction },
  { ...forms, path: devicePath, handler: answerDevicePage },
  { ...forms, path: deniedPath, methods: ['GET'], handler: answerDenied },
  {
    path: '/logout',
    methods: ['GET', 'POST'],
    kind: 'page',
    listeners: people,
    handler: answerLogout,
  },
  { ...forms, path: '/logout/confirm', methods: ['POST'], handler: answerLogoutConfirm },
  {
    path: '/logout/success',
    methods: ['GET'],
    kind: 'page',
    listeners: people,
    handler: byProvider(),
  },
  {
    path: '/token',
    methods: post,
    kind: 'api',
    listeners: servers,
    handler: byProvider({ form: tokenForm }),
  },
  {
    path: '/device_authorization',
    methods: post,
    kind: 'api',
    listeners: servers,
    handler: byProvider({ form: authorizationForm }),
  },
  { path: '/userinfo', methods: cors, kind: 'api', listeners: servers, handler: byProvider() },
  {
    path: '/introspect',
    methods: post,
    kind: 'api',
    listeners: servers,
    handler: byProvider({ form: presentedForm, after: describeToken }),
  },
  {
    path: '/revoke',
    methods: post,
    kind: 'api',
    listeners: servers,
    handler: byProvider({ form: presentedForm }),
  },
  {
    path: '/request',
    methods: post,
    kind: 'api',
    listeners: [...people, 'funnel'],
    handler: byProvider({ form: authorizationForm }),
  },
  { ...registering, path: '/register', methods: post, handler: answerRegister },
  {
    ...registering,
    path: '/register/*',
    methods: ['GET', 'PUT', 'DELETE'],
    handler: answerRegistered,
  },
  {
    ...metadata,
    path: '/.well-known/openid-configuration',
    handler: byProvider({ after: publishMetadata }),
  },
  {
    ...metadata,
    path: '/.well-known/oauth-authorization-server',
    handler: byProvider({ after: publishMetadata }),
  },
  { ...metadata, path: '/.well-known/jwks.json', handler: byProvider({ after: publishKeys }) },
  { ...scripts, path: '/clients/', methods: ['GET'], handler: listClients },
  { ...scripts, path: '/clients/new', methods: ['POST'], handler: addClient },
  { ...scripts, path: '/clients/*', methods: ['GET', 'DELETE'], handler: answerScriptClient },
  // the same for browsers, at tsidp's paths
  { ...forms, path: '/new', handler: answerNewClient },
  { ...forms, path: '/edit/*', handler: answerEditClient },
  { ...commandLine, path: adminPaths.clients, methods: ['GET', 'POST'], handler: answerClients },
  {
    ...commandLine,
    path: `${adminPaths.clients}/*`,
    methods: ['GET', 'DELETE'],
    handler: answerClient,
  },
  { ...commandLine, path: `${adminPaths.secrets}/*`, methods: ['POST'], handler: answerSecret },
  { ...commandLine, path: `${adminPaths.marks}/*`, methods: ['POST'], handler: answerMark },
  { ...health, path: '/healthz', handler: answerHealth },
  { ...health, path: '/readyz', handler: answerReadiness },
];

export type Exposed =
  | { readonly route: Route }
  /** 404, or 405 with the methods that would do; `page` where people inside the tailnet find one. */
  | {
      readonly route: undefined;
      readonly allow: string | undefined;
      readonly kind: 'page' | 'api';
    };

/** How errors are told there. */
export function kindOf(exposed: Exposed): RouteKind {
  return exposed.route ? exposed.route.kind : exposed.kind;
}

function isThere(route: Route, listener: ListenerKind, mode: RegistrationMode): boolean {
  return !route.registration || showsRegistration(listener, mode);
}

/** The route of a request on a listener. Paths are compared exactly: no other case, no extra slash. */
export function findRoute(
  listener: ListenerKind,
  method: string,
  path: string,
  mode: RegistrationMode,
): Exposed {
  const route = byPath.get(path) ?? byPath.get(withoutLast(path));
  const kind = listener === 'funnel' && route?.kind === 'page' ? 'page' : 'api';
  if (!route?.listeners.includes(listener) || !isThere(route, listener, mode)) {
    return { route: undefined, allow: undefined, kind };
  }
  const asked = method === 'HEAD' ? 'GET' : method;
  if (route.methods.some((allowed) => allowed === asked)) return { route };
  return { route: undefined, allow: allowOf(route.methods), kind };
}

/** `/register/x` → `/register/*`. No pattern: one that looks for the end at every place takes the square of the length. */
function withoutLast(path: string): string {
  const end = path.lastIndexOf('/') + 1;
  return end === path.length ? path : `${path.slice(0, end)}*`;
}

const byPath: ReadonlyMap<string, Route> = new Map(exposure.map((route) => [route.path, route]));
