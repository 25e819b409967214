/** The part of a logger that says things to people. */
export interface Say {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
