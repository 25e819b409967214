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
  /** Only where policy said no to somebody we know. */
  readonly denial?: DenialFacts | undefined;
}

/** HTML documents, complete; pure. `http/pages/` has them, this stage only asks for them. */
export interface Pages {
  confirm(page: ConfirmPage): string;
  /** Also the denial page (403) and the one for trouble of our own (503). */
  error(page: ErrorPage): string;
  /** `form` is oidc-provider's form `op.logoutForm` without a button; `clientName` asked for the logout. */
  logout(page: {
    form: string;
    person: PagePerson | undefined;
    clientName: string | undefined;
  }): string;
  loggedOut(page: { clientName: string | undefined }): string;
  /** Instead of a denial that no longer holds. */
  mayEnter(page: { person: PagePerson; clientName: string }): string;
  home(page: {
    person: PagePerson | undefined;
    refusal: string | undefined;
    issuer: string;
  }): string;
}
