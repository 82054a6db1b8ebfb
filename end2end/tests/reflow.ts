// What of a page is cut off or out of reach.

import type { Page } from "@playwright/test";

/**
 * Texts and fields that are outside the window or cut by a box around them, each with where. What scrolls inside a box of
 * its own is reached, and what ends with … is meant to: its whole is told elsewhere.
 */
export const cut = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    /** Pixels that rounding and the slant of letters take. */
    const SLACK = 1.5;
    const found: string[] = [];
    const clips = (overflow: string) => overflow === "hidden" || overflow === "clip";
    const scrolls = (overflow: string) => overflow === "auto" || overflow === "scroll";

    /** Where a box with these edges is cut, seen from an element that holds it. */
    const cutBy = (edges: DOMRect, holder: Element | null): string | undefined => {
      let { left, right } = edges;
      const { top, bottom } = edges;
      // Until a box is met in which it can be scrolled to.
      let [across, down] = [true, true];
      // Boxes that do not hold what is placed absolutely do not cut it either.
      let isFree = false;
      for (let box = holder; box && box !== document.documentElement; box = box.parentElement) {
        const style = getComputedStyle(box);
        if (isFree && style.position === "static" && style.containerType === "normal") continue;
        isFree = style.position === "absolute";
        const frame = box.getBoundingClientRect();
        const inside = box instanceof SVGElement && box.tagName !== "svg";
        if (inside || style.display === "contents") continue;
        const name = `${box.tagName.toLowerCase()}.${box.getAttribute("class")}`;
        if (across) {
          if (scrolls(style.overflowX) && box.scrollWidth > box.clientWidth) across = false;
          else if (clips(style.overflowX) && (left < frame.left - SLACK || right > frame.right + SLACK)) {
            if (style.textOverflow !== "ellipsis") return `cut at the side by ${name}`;
            [left, right] = [Math.max(left, frame.left), Math.min(right, frame.right)];
          }
        }
        if (down) {
          if (scrolls(style.overflowY) && box.scrollHeight > box.clientHeight) down = false;
          // The boxes of lines are a little higher than their letters.
          else if (clips(style.overflowY) && (top < frame.top - 3 || bottom > frame.bottom + 3)) return `cut below by ${name}`;
        }
        if (style.position === "fixed") break;
      }
      if (across && (left < -SLACK || right > document.documentElement.clientWidth + SLACK)) return `from ${Math.round(left)} to ${Math.round(right)}`;
      return undefined;
    };

    const seen = (element: Element) =>
      element.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true }) &&
      !element.closest(".skip-link, noscript, [inert]");
    /** Whether it is there for screen readers alone. */
    const isUnseen = (element: Element | null): boolean => {
      for (let box = element; box; box = box.parentElement) if (getComputedStyle(box).clipPath === "inset(50%)") return true;
      return false;
    };
    const tell = (what: string, edges: DOMRect, element: Element) => {
      if (edges.width < 2 || edges.height < 2) return;
      const why = cutBy(edges, element);
      if (why && isUnseen(element)) return;
      if (why) found.push(`${what}: ${why}`);
    };

    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode;
      const holder = text.parentElement;
      if (!text.textContent?.trim() || !holder || holder.closest("script, style, option, title") || !seen(holder)) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      for (const edges of range.getClientRects()) tell(`“${text.textContent.trim().slice(0, 40)}”`, edges, holder);
    }
    for (const field of document.querySelectorAll("input, select, textarea, button, summary, a.button")) {
      if (!seen(field)) continue;
      tell(`${field.tagName.toLowerCase()} ${field.getAttribute("name") ?? field.textContent?.trim()}`, field.getBoundingClientRect(), field);
    }
    return [...new Set(found)];
  });
