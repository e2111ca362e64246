import { existsSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';

/** Where Debian and other distributions install Chromium. */
const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export const installedChromium = places.find((path) => existsSync(path));

/** Starts a browser that makes no requests of its own. */
export async function startChromium(executablePath: string): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}

// Code for the page is text, because this project has no DOM types.

/** The cells of a table's body, row by row. */
export function cellsOf(page: Page, id: string): Promise<string[][]> {
  return page.evaluate(
    `[...document.querySelectorAll('#${id} tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent))`,
  );
}

/** The ids of all elements, with duplicates. */
export function idsOf(page: Page): Promise<string[]> {
  return page.evaluate(`[...document.querySelectorAll('[id]')].map((element) => element.id)`);
}

/** The number of pixels by which the page is wider than the window. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

/** Texts with less than the contrast of 4.5:1 to their background that WCAG 2.2 (1.4.3) requires. */
export function lowContrastTextsOf(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const parse = (color) => color.match(/[\\d.]+/g).map(Number);
    const luminance = (color) => {
      const [r, g, b] = parse(color).map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = (element) => {
      for (let each = element; each !== null; each = each.parentElement) {
        const color = getComputedStyle(each).backgroundColor;
        if (parse(color)[3] !== 0) return color;
      }
      return 'rgb(255, 255, 255)';
    };
    const pale = [];
    for (const element of document.querySelectorAll('body *')) {
      const texts = [...element.childNodes].filter((node) => node.nodeType === 3 && node.data.trim() !== '');
      if (texts.length === 0 || element.getClientRects().length === 0) continue;
      const style = getComputedStyle(element);
      const [one, other] = [luminance(element.namespaceURI.endsWith('svg') ? style.fill : style.color), luminance(background(element))];
      const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      if (contrast < 4.5) pale.push(contrast.toFixed(2) + ': ' + texts[0].data.trim());
    }
    return pale;
  })()`);
}

/** Words in tables that are broken over several lines. An identifier may be broken after a hyphen. */
export function brokenWordsOf(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const broken = [];
    const range = document.createRange();
    for (const cell of document.querySelectorAll('th, td')) {
      const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
      for (let text = walker.nextNode(); text !== null; text = walker.nextNode()) {
        for (const { 0: word, index } of text.data.matchAll(/[\\w,.%]+/g)) {
          range.setStart(text, index);
          range.setEnd(text, index + word.length);
          if (new Set([...range.getClientRects()].map(({ top }) => top)).size > 1) broken.push(word);
        }
      }
    }
    return broken;
  })()`);
}
