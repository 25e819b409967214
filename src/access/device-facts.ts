import type { UserIdentity } from '../identity/identity.ts';

/** Who asked for a device code, as far as the connection says. Kept with the code, for the page. */
export interface DeviceRequester {
  /** Absent when the connection has no identity: a caller through Funnel or the backchannel, or a stranger. */
  readonly subject?: string;
  readonly login?: string;
  /** DNS name of the node without its trailing dot. */
  readonly device?: string;
  readonly stableId?: string;
  readonly tags?: readonly string[];
  /** Address of the caller, where nobody knows it. */
  readonly address?: string;
  /** What the program says of itself. */
  readonly userAgent?: string;
  /** The one person who may allow this, by `id_token_hint`. */
  readonly hinted?: string;
}

/** What a request of the device flow (RFC 8628) learns on its way. */
export interface DeviceFacts {
  /** Who asks for a device code, at `/device_authorization`. */
  readonly requester?: DeviceRequester;
  /** Who looks at the page, at `/device`. */
  readonly person?: UserIdentity;
  /** The user code that the link to the page brought along, to be looked at and sent by the person. */
  readonly userCode?: string | undefined;
  /** What stood on the page whose form was sent (`shownNames`). */
  readonly shown?: ReadonlySet<string>;
  /** The form was refused before its user code was looked at. */
  readonly untried?: true;
}
