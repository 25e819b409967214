/**
 * Something of tsidp's that can't be taken over, or must not be. Nothing was changed then. The message lists every
 * problem, one a line, with file, line, JSON path and remedy. It holds no secret.
 */
export class TakeoverError extends Error {
  override name = 'TakeoverError';

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join('\n'), options);
  }
}
