import type { DeviceCodePage } from '../access/pages.ts';
import { html } from './html.ts';
import { renderDocument } from './layout.ts';
import { personRows } from './person.ts';

const words: Readonly<Record<NonNullable<DeviceCodePage['problem']>, string>> = {
  empty: 'Enter the code first.',
  unknown: 'There is no such code. Compare it with the one on your device, letter by letter.',
  expired: 'This code has expired. Begin again on your device; it will show a new one.',
  used: 'This code has already been used. If the device is still waiting, begin again there.',
  outdated: 'This page was no longer valid, perhaps because it is open twice. Send the code again.',
};

export function deviceCode({ person, userCode, problem, action, xsrf }: DeviceCodePage): string {
  const card = html`<h1>Connect a device</h1>
${
  problem !== undefined &&
  html`<p class="notice" role="alert">${words[problem]}</p>
`
}<form method="post" action="${action}">
<input type="hidden" name="xsrf" value="${xsrf}">
<label for="code">The code that your terminal, TV or app shows</label>
<input type="text" id="code" name="user_code" value="${userCode ?? ''}" maxlength="20" required="" autofocus="" autocomplete="off" autocapitalize="characters" spellcheck="false" placeholder="XXXX-XXXX">
<p class="buttons"><button type="submit" class="main">Next</button></p>
</form>
<p class="soft">Only enter a code that you asked for yourself. Nobody who helps you needs you to enter one.</p>
<dl>
${personRows(person)}</dl>`;
  return renderDocument({ title: 'Connect a device', card });
}
