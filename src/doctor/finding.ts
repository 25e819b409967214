/** `problem`: logins fail, or something is open that should not be. `warning`: worth a look. */
export type Level = 'ok' | 'warning' | 'problem';

export interface Finding {
  readonly level: Level;
  /** What was looked at, e.g. `certificate`. */
  readonly topic: string;
  readonly text: string;
  /** What to do; stands with every warning and problem. */
  readonly remedy?: string;
}

export function ok(topic: string, text: string): Finding {
  return { level: 'ok', topic, text };
}

export function warning(topic: string, text: string, remedy: string): Finding {
  return { level: 'warning', topic, text, remedy };
}

export function problem(topic: string, text: string, remedy: string): Finding {
  return { level: 'problem', topic, text, remedy };
}
