import type { DeviceConfirmPage, DeviceOrigin } from '../access/pages.ts';
import { identityList, renewal, resourceList } from './consent.ts';
import { type Html, html } from './html.ts';
import { renderDocument } from './layout.ts';
import { loginText, personRows, row } from './person.ts';
import { appName, cutEnd, cutMiddle, plainText } from './text.ts';

export function deviceConfirm(page: DeviceConfirmPage): string {
  const app = appName(page.clientName);
  const login = loginText(page.person, 60);
  const card = html`<h1>Let a device use your account?</h1>
<p>Your device shows this code. If it shows another one, choose Deny.</p>
<p class="code">${page.userCode}</p>
${warning(page.origin)}<dl>
${program(page, app)}${asker(page.origin)}${personRows(page.person)}</dl>
${page.resources.map(resourceList)}${identityList(page.scopes)}${renewal(page.renewsSeconds)}<p class="soft">Allow logs the device in as <bdi>${login}</bdi>.</p>
<form method="post" action="${page.action}" class="buttons">
<input type="hidden" name="xsrf" value="${page.xsrf}">
<input type="hidden" name="user_code" value="${page.userCode}">
${page.shown.map(
  (name) => html`<input type="hidden" name="shown" value="${name}">
`,
)}<button type="submit" name="abort" value="yes">Deny</button>
<button type="submit" name="confirm" value="yes" class="main">Allow</button>
</form>`;
  return renderDocument({ title: 'Let a device use your account?', card });
}

/** RFC 8628 5.4: whoever sends you a code gets your account, not theirs. */
function warning({ own, device }: DeviceOrigin): Html | false {
  if (own) return false;
  const where =
    device === undefined
      ? 'from somewhere that this server does not know'
      : 'from a device that is not yours';
  return html`<p class="notice"><strong>This request came ${where}.</strong> If somebody sent you this code or a link to this page, choose Deny: Allow would give them your account.</p>
`;
}

function program({ nameTrusted, clientId }: DeviceConfirmPage, app: string): Html {
  const id = cutMiddle(plainText(clientId), 128);
  if (nameTrusted) return row('App', app, id === app ? undefined : id);
  const note = `It says so itself, and nobody has checked that name. Its ID is ${id}`;
  return row('App', html`calls itself <span class="claim">“${app}”</span>`, note);
}

function asker({ own, login, device, tags, address, userAgent }: DeviceOrigin): Html {
  const says = userAgent === undefined ? undefined : `It says of itself: ${cutEnd(userAgent, 120)}`;
  if (device === undefined) {
    return row(
      'Asked for by',
      `an unknown caller at ${cutMiddle(address ?? 'no address', 64)}`,
      says,
    );
  }
  const name = cutMiddle(plainText(device), 128);
  if (own) return row('Asked for by', name, 'your own device');
  if (tags.length > 0) {
    return row('Asked for by', name, `a machine: ${cutEnd(tags.slice(0, 20).join(', '), 200)}`);
  }
  return row('Asked for by', name, `a device of ${cutMiddle(plainText(login ?? ''), 120)}`);
}
