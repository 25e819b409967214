import type { Pages } from '../access/pages.ts';
import { confirm } from './confirm.ts';
import { consent } from './consent.ts';
import { deviceCode } from './device-code.ts';
import { deviceConfirm } from './device-confirm.ts';
import { deviceDone } from './device-done.ts';
import { error } from './error.ts';
import { home } from './home.ts';
import { loggedOut } from './logged-out.ts';
import { logout } from './logout.ts';
import { mayEnter } from './may-enter.ts';

export const pages: Pages = {
  confirm,
  consent,
  deviceCode,
  deviceConfirm,
  deviceDone,
  error,
  logout,
  loggedOut,
  mayEnter,
  home,
};
