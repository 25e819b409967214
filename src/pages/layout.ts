import { hash } from 'node:crypto';
import { type Html, html } from './html.ts';
import { stylesheet } from './stylesheet.ts';

/** Source expression for `style-src` (CSP3 section 2.3.1): SHA-256 of the stylesheet as it stands in `<style>`. */
export const styleHash = `sha256-${hash('sha256', stylesheet, 'base64')}`;

/**
 * A complete document around one card. Without scripts, images, fonts or anything else that would be loaded.
 * The stylesheet is put in last and unescaped, as its hash is over exactly these bytes; it is a constant of ours.
 */
export function renderDocument({ title, card }: { title: string; card: Html }): string {
  const head = html`<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>`;
  const body = html`<main>
${card}
</main>
<footer>This is your tailnet’s login server. It knows you by your device and never asks for a password.</footer>`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
${head}
<style>${stylesheet}</style>
</head>
<body>
${body}
</body>
</html>
`;
}
