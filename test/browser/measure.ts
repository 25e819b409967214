import type { Page } from 'playwright-core';

/**
 * Texts whose contrast with the ground behind them is below 4.5:1 (WCAG 2.2 1.4.3), with the ratio. Written as text,
 * as it runs in the browser.
 */
export async function faintTexts(page: Page): Promise<string[]> {
  return await page.evaluate<string[]>(`(() => {
    const parse = (color) => {
      const [red, green, blue, alpha = 1] = color.match(/[\\d.]+/g).map(Number);
      return { channels: [red, green, blue], alpha };
    };
    const luminance = (channels) => {
      const [red, green, blue] = channels.map((channel) => {
        const part = channel / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const groundOf = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const { channels, alpha } = parse(getComputedStyle(at).backgroundColor);
        if (alpha === 1) return channels;
      }
      return [255, 255, 255];
    };
    const faint = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.textContent.trim();
      if (text === '') continue;
      const element = walker.currentNode.parentElement;
      const [low, high] = [luminance(parse(getComputedStyle(element).color).channels), luminance(groundOf(element))]
        .sort((one, other) => one - other);
      const ratio = (high + 0.05) / (low + 0.05);
      if (ratio < 4.5) faint.push(ratio.toFixed(2) + ': ' + text.slice(0, 40));
    }
    return faint;
  })()`);
}

/** How many CSS pixels the page is wider than its window; 0 when nobody has to scroll sideways. */
export async function overflowPx(page: Page): Promise<number> {
  return await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
}
