// Playwright's declarations name a few types of the DOM. This project's code never runs in a browser, so the DOM
// library stays out, lest `document` and its like be taken for available everywhere; the names alone suffice.
interface Node {
  readonly nodeType: number;
}
interface HTMLElement extends Node {
  readonly tagName: string;
}
interface SVGElement extends Node {
  readonly tagName: string;
}
type HTMLElementTagNameMap = Record<string, HTMLElement>;
