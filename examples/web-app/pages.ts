/** The app's HTML. Everything that is not written here goes through `escapeHtml`. */

export const styleSheet = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-top: 1px solid #8884; padding: .35rem .5rem; text-align: left; vertical-align: top; }
th { font-weight: 500; width: 12rem; }
td { font-family: ui-monospace, monospace; font-size: .9rem; overflow-wrap: anywhere; }
.refused { border-left: .3rem solid #c33; padding-left: 1rem; }
`;

export function signedInPage(
  user: string,
  claims: Readonly<Record<string, unknown>>,
  userinfo: Readonly<Record<string, unknown>>,
): string {
  return page(
    `Signed in as ${user}`,
    `<h1>Signed in as ${escapeHtml(user)}</h1>
<p><a href="/logout">Sign out</a></p>
<h2>ID token</h2>
${table(claims)}
<h2>Userinfo</h2>
${table(userinfo)}`,
  );
}

export function failurePage(error: string, description: string): string {
  return page(
    'Not signed in',
    `<h1>Not signed in</h1>
<div class="refused">
<p>${escapeHtml(description)}</p>
<p><code>${escapeHtml(error)}</code></p>
</div>
<p><a href="/">Try again</a></p>`,
  );
}

export function signedOutPage(): string {
  return page('Signed out', '<h1>Signed out</h1>\n<p><a href="/">Sign in again</a></p>');
}

function table(values: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(values).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(text)}</td></tr>`;
  });
  return `<table>\n${rows.join('\n')}\n</table>`;
}

function page(title: string, main: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
${main}
</main>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
