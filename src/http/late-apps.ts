import type { RequestListener } from 'node:http';
import type { Entrance } from './identify/entrance.ts';

type MakeApp = (entrance: Entrance) => RequestListener;

/** What listeners hand their requests to before there is anything to answer them: those wait for `begin`. */
export interface LateApps {
  readonly answer: MakeApp;
  begin(make: MakeApp): void;
}

export function createLateApps(): LateApps {
  const { promise: begun, resolve: begin } = Promise.withResolvers<MakeApp>();
  return {
    answer(entrance) {
      let app: RequestListener | undefined;
      const made = begun.then((make) => {
        app ??= make(entrance);
        return app;
      });
      return (request, response) => {
        if (app) app(request, response);
        else void made.then((answer) => answer(request, response));
      };
    },
    begin,
  };
}
