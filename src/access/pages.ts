/** Who somebody is for us, as pages show it to themselves. */
export interface PagePerson {
  /** `alice@example.com`, or name and tags of a machine. */
  readonly login: string;
  readonly displayName: string | undefined;
  /** DNS name of the device without its trailing dot. */
  readonly device: string;
  readonly tags: readonly string[];
}

export interface ConfirmPage {
  readonly person: PagePerson;
  readonly clientName: string;
  /** Where the browser goes afterwards, e.g. `grafana.tailnet.ts.net:3000`, `app.immich:` or `this computer`. */
  readonly redirectHost: string;
  /** Posts `action=continue` or `action=cancel` here. */
  readonly action: string;
  /** Why a page is shown: the app asked (`login`, `consent`, `select_account`, `max_age`) or the operator did (`confirm`). */
  readonly why: readonly string[];
  readonly scopes: readonly string[];
}

/** Who registered a client by itself, and when. */
export interface RegistrationFacts {
  /** Epoch seconds. */
  readonly at: number;
  /** Login. Undefined: nobody that we know, or nobody wrote it down (`isAnonymous`). */
  readonly by: string | undefined;
  /** It came over the public internet. */
  readonly isAnonymous: boolean;
}

/** May this client, which nobody but itself vouches for, get that in the person's name? */
export interface ConsentPage {
  readonly person: PagePerson;
  /** What it calls itself. */
  readonly clientName: string | undefined;
  /** Where it publishes its description (a client ID metadata document). */
  readonly describedAt: string | undefined;
  readonly registration: RegistrationFacts | undefined;
  /** As `ConfirmPage.redirectHost`. */
  readonly redirectHost: string;
  readonly identityScopes: readonly string[];
  readonly resources: readonly {
    readonly uri: string;
    readonly name: string;
    readonly scopes: readonly { readonly name: string; readonly text: string }[];
  }[];
  /** How long it may renew its access by itself, seconds; 0: not at all. */
  readonly renewsSeconds: number;
  /** Posts `action=allow` or `action=deny` here, with the token. */
  readonly action: string;
  readonly token: string;
}

/** What was decided about somebody who may not enter an app, and what would change it. */
export interface DenialFacts {
  readonly clientName: string;
  readonly clientId: string;
  /** One step of the decision each, e.g. `rule 0: clients: names other apps`. */
  readonly trace: readonly string[];
  /** A grant in the policy file's syntax, to be pasted as it is; undefined where no grant can help. */
  readonly grant: string | undefined;
}

export interface ErrorPage {
  /** HTTP status. */
  readonly status: number;
  /** OAuth error code, e.g. `invalid_redirect_uri`. */
  readonly error: string;
  readonly description: string;
  /** Absent when the connection has no identity. */
  readonly person: PagePerson | undefined;
  /** Named in the operator's log, to find the same event there. */
  readonly requestId: string;
  /** What the person was about to do. Default: a login. */
  readonly about?: 'login' | 'logout';
  /** Only where policy said no to somebody we know. */
  readonly denial?: DenialFacts | undefined;
  /** Where the app waits for the answer, and the link that takes it there; only where nobody is sent unasked. */
  readonly back?: { readonly host: string; readonly url: string } | undefined;
}

/** The page where a person types the code that their device shows (RFC 8628 3.3). */
export interface DeviceCodePage {
  readonly person: PagePerson;
  /** To begin with: what a link brought along or was typed last. */
  readonly userCode: string | undefined;
  readonly problem: 'empty' | 'unknown' | 'expired' | 'used' | 'outdated' | undefined;
  /** Posts `xsrf` and `user_code` here. */
  readonly action: string;
  readonly xsrf: string;
}

/** Where the request for a device code came from, as far as the connection said. */
export interface DeviceOrigin {
  /** From a device of the very person who looks at the page. */
  readonly own: boolean;
  /** Of another person, or a machine. Neither login nor device: a caller that nobody knows. */
  readonly login: string | undefined;
  readonly device: string | undefined;
  readonly tags: readonly string[];
  readonly address: string | undefined;
  readonly userAgent: string | undefined;
}

export interface DeviceConfirmPage {
  readonly person: PagePerson;
  /** As the device shows it, e.g. `WDJB-MJHT`. */
  readonly userCode: string;
  readonly clientName: string;
  readonly clientId: string;
  /** False for clients that named themselves. */
  readonly nameTrusted: boolean;
  readonly origin: DeviceOrigin;
  readonly scopes: readonly string[];
  readonly resources: readonly {
    readonly uri: string;
    readonly name: string;
    readonly scopes: readonly { readonly name: string; readonly text: string }[];
  }[];
  /** How long it may renew its tokens without asking; 0: not at all. */
  readonly renewsSeconds: number;
  /** Names of the scopes at resources, for the form to say what stood on the page. */
  readonly shown: readonly string[];
  /** Posts `xsrf`, `user_code`, `shown` and either `confirm` or `abort` here. */
  readonly action: string;
  readonly xsrf: string;
}

/** HTML documents, complete; pure. `pages/` has them, this stage only asks for them. */
export interface Pages {
  confirm(page: ConfirmPage): string;
  consent(page: ConsentPage): string;
  /** Also the denial page (403) and the one for trouble of our own (503). */
  error(page: ErrorPage): string;
  /** `form` is oidc-provider's form `op.logoutForm` without a button; `clientName` asked for the logout. */
  logout(page: {
    form: string;
    person: PagePerson | undefined;
    clientName: string | undefined;
  }): string;
  loggedOut(page: { clientName: string | undefined }): string;
  deviceCode(page: DeviceCodePage): string;
  deviceConfirm(page: DeviceConfirmPage): string;
  deviceDone(page: { allowed: boolean; clientName: string | undefined }): string;
  /** Instead of a denial that no longer holds. */
  mayEnter(page: { person: PagePerson; clientName: string }): string;
  home(page: {
    person: PagePerson | undefined;
    refusal: string | undefined;
    issuer: string;
    /** For administrators alone. */
    apps?: readonly { readonly id: string; readonly name: string }[] | undefined;
  }): string;
}
