import type { ErrorPage } from '../access/pages.ts';

/** What a page says in plain words, before the description of the error itself. */
export interface Words {
  readonly heading: string;
  readonly explanation: string;
}

const denied: Words = {
  heading: 'You can’t log in here',
  explanation: 'You are known here, but you may not enter this app.',
};

const unidentified: Words = {
  heading: 'You can’t log in from here',
  explanation:
    'This server knows people by their device, and your connection does not come from one that may log in.',
};

const unavailable: Words = {
  heading: 'Logins are not possible right now',
  explanation:
    'The problem is on our side and usually passes by itself. You did nothing wrong: try again in a moment.',
};

const ourFault: Words = {
  heading: 'Something went wrong on our side',
  explanation:
    'The problem has been logged. Try again; if it keeps happening, tell whoever runs this server.',
};

const appsFault: Words = {
  heading: 'This login can’t go on',
  explanation:
    'The app sent a login request that this server can’t accept. Go back to the app and try again; if it keeps happening, tell whoever runs the app.',
};

const logoutFault: Words = {
  heading: 'This logout can’t go on',
  explanation:
    'The app sent a logout request that this server can’t accept. You may still be logged in there: end its session in the app itself; if it keeps happening, tell whoever runs the app.',
};

/** Where the HTTP status alone says what is wrong. */
const wordsByStatus: ReadonlyMap<number, Words> = new Map([
  [
    403,
    {
      heading: 'This request was refused',
      explanation: 'For your safety it was not carried out. Go back to the app and start again.',
    },
  ],
  [404, { heading: 'There is nothing here', explanation: 'The login server has no such page.' }],
  [
    405,
    {
      heading: 'This page can’t be opened like this',
      explanation: 'Go back to the app and start again.',
    },
  ],
  [
    410,
    {
      heading: 'This login is over',
      explanation: 'A login page works once, and only for a few minutes.',
    },
  ],
  [
    421,
    {
      heading: 'This is the wrong address',
      explanation:
        'The login server answers under one name only. Open the app again from the start.',
    },
  ],
  [
    429,
    {
      heading: 'Too many attempts',
      explanation: 'Wait a minute, then go back to the app and try again.',
    },
  ],
  [503, unavailable],
]);

/** Where the OAuth error code says what is wrong. */
const wordsByCode: ReadonlyMap<string, Words> = new Map([
  [
    'invalid_redirect_uri',
    {
      heading: 'This login can’t go on',
      explanation:
        'The app wanted to send you to an address that is not registered for it. To keep your login safe, this server stopped here. Tell whoever runs the app.',
    },
  ],
  [
    'invalid_client',
    {
      heading: 'This app is not known here',
      explanation:
        'The app that sent you here is not registered with this login server. Tell whoever runs the app.',
    },
  ],
  [
    'administrators_only',
    {
      heading: 'This page is for administrators',
      explanation: 'Apps are added, changed and removed here. Nobody needs it to log in.',
    },
  ],
  [
    'login_required',
    {
      heading: 'This login can’t go on',
      explanation:
        'The app asked for a login that this server could not give. Go back to the app and start again.',
    },
  ],
]);

export function wordsFor({ status, error, person, about }: ErrorPage): Words {
  if (error === 'access_denied') return person ? denied : unidentified;
  if (status >= 500) return wordsByStatus.get(status) ?? ourFault;
  const fault = about === 'logout' ? logoutFault : appsFault;
  return wordsByCode.get(error) ?? wordsByStatus.get(status) ?? fault;
}
