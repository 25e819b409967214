/** The tailscaled that we run ourselves can't be found, started or logged in. The message says what to do. */
export class TailscaledError extends Error {
  override readonly name = 'TailscaledError';
}
