/**
 * The one stylesheet of all pages. System fonts, nothing loaded; every text colour has a contrast of at least 4.5:1
 * on its ground in both schemes (WCAG 2.2 1.4.3), every control is at least 44 px high.
 */
export const stylesheet = `
:root {
  color-scheme: light dark;
  --ground: #f3f4f6; --card: #ffffff; --text: #1c2430; --soft: #566070; --line: #d5dae1;
  --accent: #1d4fc4; --accent-text: #ffffff; --notice: #fff6e0; --notice-line: #b7791f; --problem: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12151a; --card: #1c2129; --text: #e8ebf0; --soft: #a5aebb; --line: #384150;
    --accent: #8ab4ff; --accent-text: #0d1a33; --notice: #2e2716; --notice-line: #d9a441; --problem: #ff8f85;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; min-height: 100dvh; padding: 24px 16px;
  display: flex; flex-direction: column; align-items: center; justify-content: center;
  background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  overflow-wrap: anywhere;
}
main {
  width: 100%; max-width: 480px; padding: 32px;
  background: var(--card); border: 1px solid var(--line); border-radius: 12px;
}
h1 { margin: 0 0 12px; font-size: 24px; line-height: 1.25; font-weight: 650; text-wrap: balance; }
h2 { margin: 24px 0 8px; font-size: 16px; font-weight: 650; }
p { margin: 0 0 12px; }
ul { margin: 0 0 12px; padding-left: 20px; }
strong { font-weight: 650; }
dl { margin: 20px 0; border-top: 1px solid var(--line); }
dl > div { padding: 10px 0; border-bottom: 1px solid var(--line); display: flex; gap: 4px 16px; flex-wrap: wrap; }
dt { flex: 0 0 128px; color: var(--soft); }
dd { flex: 1 1 230px; margin: 0; }
dd small { display: block; color: var(--soft); font-size: 14px; }
code { font: 14px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
pre {
  margin: 0 0 16px; padding: 12px 16px; border: 1px solid var(--line); border-radius: 8px; background: var(--ground);
  font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; white-space: pre-wrap;
}
.notice { padding: 12px 16px; background: var(--notice); border-left: 4px solid var(--notice-line); border-radius: 4px; }
main > :last-child { margin-bottom: 0; }
.soft { color: var(--soft); font-size: 14px; }
.where { margin: 16px 0; padding: 16px; border: 2px solid var(--accent); border-radius: 8px; text-align: center; }
.where p { margin: 0; }
.where .host { font-size: 28px; line-height: 1.25; font-weight: 650; }
.claim { font-weight: 650; }
.buttons { display: flex; flex-wrap: wrap; gap: 12px; margin: 24px 0 16px; }
button, .button {
  flex: 1 1 160px; min-height: 48px; padding: 10px 20px; border-radius: 8px; text-align: center;
  border: 1px solid var(--soft); background: transparent; color: var(--text);
  font: inherit; font-weight: 600; text-decoration: none; cursor: pointer;
}
button.main, .button.main { border-color: var(--accent); background: var(--accent); color: var(--accent-text); }
.code { margin: 0 0 16px; text-align: center; font: 600 30px/1.4 ui-monospace, "SF Mono", Menlo, Consolas, monospace; letter-spacing: 2px; }
label { display: block; margin: 0 0 8px; font-weight: 600; }
input[type=text] {
  width: 100%; min-height: 56px; padding: 8px 16px; border: 1px solid var(--soft); border-radius: 8px; text-align: center;
  background: var(--card); color: var(--text); text-transform: uppercase; letter-spacing: 2px;
  font: 600 24px/1.4 ui-monospace, "SF Mono", Menlo, Consolas, monospace;
}
a { color: var(--accent); }
.field { margin: 0 0 16px; }
.field small { display: block; margin-top: 4px; color: var(--soft); font-size: 14px; }
.field input[type=text], .field textarea {
  width: 100%; min-height: 48px; padding: 10px 12px; border: 1px solid var(--soft); border-radius: 8px;
  background: var(--ground); color: var(--text); font: inherit; text-align: left; text-transform: none; letter-spacing: normal;
}
.field textarea { font: 14px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; resize: vertical; }
.field :is(input[type=text], input, textarea)[aria-invalid] { border: 2px solid var(--problem); }
.check { display: flex; gap: 12px; }
.check input { flex: none; width: 24px; height: 24px; margin: 0; }
.check label { margin: 0; font-weight: 400; }
ul.problem { color: var(--problem); font-size: 14px; }
details { border-top: 1px solid var(--line); }
summary { padding: 12px 0; min-height: 48px; font-weight: 600; cursor: pointer; }
button:hover, .button:hover { text-decoration: underline; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
footer { max-width: 480px; margin: 16px 0 0; padding: 0 16px; text-align: center; color: var(--soft); font-size: 14px; }
@media (max-width: 460px) {
  body { justify-content: flex-start; padding: 12px; }
  main { padding: 20px; }
  dl > div { padding: 6px 0; gap: 0; }
  dt { flex-basis: 100%; font-size: 14px; }
}
`;
