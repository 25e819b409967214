import type { Pages } from '../../provider/pages.ts';
import { confirm } from './confirm.ts';
import { error } from './error.ts';
import { home } from './home.ts';
import { loggedOut } from './logged-out.ts';
import { logout } from './logout.ts';
import { mayEnter } from './may-enter.ts';

export const pages: Pages = { confirm, error, logout, loggedOut, mayEnter, home };
