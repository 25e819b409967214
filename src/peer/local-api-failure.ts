import type { LocalApiErrorCode } from './local-api.ts';

const closed = [
  'closed',
  'tailscaled closed the connection before its answer was complete: it may be restarting',
] as const;
const forbidden = [
  'forbidden',
  "our user may not open tailscaled's PLACE: check the rights of the socket and of the directories above it",
] as const;

const explanations: Readonly<Record<string, readonly [LocalApiErrorCode, string]>> = {
  ENOENT: [
    'absent',
    "tailscaled's PLACE does not exist: is tailscaled running? Another place is set with tailscaled.socket.",
  ],
  ECONNREFUSED: ['refused', "nobody listens on tailscaled's PLACE: start tailscaled"],
  EACCES: forbidden,
  EPERM: forbidden,
  ECONNRESET: closed,
  EPIPE: closed,
};

/** What went wrong with the connection to tailscaled at `place`, and what to do. */
export function explainFailure(
  { code = '', message }: NodeJS.ErrnoException,
  place: string,
): readonly [LocalApiErrorCode, string] {
  const [kind, what] = explanations[code] ?? explainUnknown(code, message);
  return [kind, what.replace('PLACE', () => place)];
}

function explainUnknown(code: string, message: string): readonly [LocalApiErrorCode, string] {
  // llhttp's errors: whatever answered, it was not HTTP
  if (code.startsWith('HPE_')) {
    return ['nonsense', `what answers on tailscaled's PLACE is not tailscaled: ${message}`];
  }
  return ['refused', `tailscaled's PLACE can't be used: ${message}`];
}
