/** How soon a repeated signal counts as impatience, in milliseconds. */
const repeatMs = 1000;

/**
 * Aborted by the first of these signals, so that whoever runs may end in order. One Ctrl-C may come twice: from the
 * terminal, and passed on by npm. Only a signal that is repeated a second later ends the process at once.
 */
export function endingOn(
  process: Pick<NodeJS.Process, 'on' | 'off'>,
  signals: readonly NodeJS.Signals[],
): AbortSignal {
  const ending = new AbortController();
  for (const signal of signals) {
    const end = () => {
      ending.abort();
      setTimeout(() => process.off(signal, end), repeatMs).unref();
    };
    process.on(signal, end);
  }
  return ending.signal;
}
