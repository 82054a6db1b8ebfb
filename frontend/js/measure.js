// Widths of text, so that legends and axis labels leave each other room.
//
// Where there is a document, it is asked. Where there is none, a table answers; its widths are those of the metric-compatible family Helvetica, Arial, Liberation Sans, in thousandths of the font
// size. System fonts differ from it by a few percent, hence the margin: too much room is better than an overlap.

const WIDTHS = {
  191: "'",
  222: "ijl",
  260: "|",
  278: " !,./:;I[\\]ft·\u00a0\u202f",
  333: "()-`r",
  334: "{}",
  355: '"',
  389: "*",
  400: "°",
  469: "^",
  500: "Jcksvxyzç",
  549: "≤≥",
  556: "#$0123456789?L_abdeghnopquäöüéèàñ€£–",
  584: "+<=>~×",
  604: "●",
  611: "FTZß",
  667: "&ABEKPSVXYÄ",
  722: "CDHNRUwÜ",
  778: "GOQÖ",
  833: "Mm",
  889: "%",
  944: "W",
  990: "▲▼",
  1000: "—…→",
  1015: "@",
};

const MARGIN = 1.04;
const BOLD = 1.06;

/** The width of a letter that is not in the table: that of most accented ones. */
const LETTER = 600;

/** From here on, scripts are written in squares (Chinese, Japanese, Korean, pictographs). */
const FIRST_SQUARE = 0x2e80;

const TABLE = new Map();
for (const [width, characters] of Object.entries(WIDTHS)) {
  for (const character of characters) TABLE.set(character, Number(width));
}

const sizeOf = (font) => Number(/([\d.]+)px/.exec(font || "")?.[1] ?? 12);

/** The width of one line of text in pixels, by the table; `font` is a CSS font, of which size and weight count. */
export function measureByTable(text, font) {
  const bold = /\b(bold|bolder|[6-9]\d\d)\b/.test(font || "");
  let letters = 0;
  let squares = 0;
  for (const character of String(text ?? "")) {
    const width = TABLE.get(character);
    if (width === undefined && character.codePointAt(0) >= FIRST_SQUARE) squares += 1;
    else letters += width ?? LETTER;
  }
  return { width: ((letters / 1000) * MARGIN * (bold ? BOLD : 1) + squares) * sizeOf(font) };
}

/** ECharts takes the height of a line from the width of this character, which few Latin fonts have. */
const LINE_HEIGHT_PROBE = "国";

let canvas;

/** The width of one line of text in pixels, by the browser. Lines are as high as in the server's picture. */
export function measureByDocument(text, font) {
  if (text === LINE_HEIGHT_PROBE) return { width: sizeOf(font) };
  canvas ??= document.createElement("canvas").getContext("2d");
  canvas.font = font;
  return canvas.measureText(text);
}
