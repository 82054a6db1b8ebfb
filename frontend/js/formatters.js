// How numbers, durations and dates are written in charts, on the server and in the browser alike.
//
// A chart option is JSON, which holds no functions. It names one instead, as a whole string: "fn:NAME" or
// "fn:NAME:ARGUMENT". QuickJS has no `Intl`, so nothing here may lean on it.

const SPACE = "\u00a0";
const MINUS = "\u2212";
const EMPTY = "–";
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const SCALES = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];
const SYMBOLS = { AUD: "A$", CAD: "C$", CHF: "CHF" + SPACE, EUR: "€", GBP: "£", JPY: "¥", NZD: "NZ$", USD: "$", ZAR: "R" };

/** The number in what ECharts hands to a formatter: a value, a data item, or an axis label as text. */
function toNumber(given) {
  let value = given;
  if (value !== null && typeof value === "object" && !Array.isArray(value)) value = value.value;
  if (Array.isArray(value)) value = value[value.length - 1];
  if (value === null || value === undefined || value === "") return Number.NaN;
  return Number(value);
}

const grouped = (digits) => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");

/** Rounds to at most `places` decimals, groups thousands and drops zeros that say nothing. */
function decimal(value, places) {
  const [whole, fraction = ""] = Math.abs(value).toFixed(places).split(".");
  const rest = fraction.replace(/0+$/, "");
  const text = grouped(whole) + (rest ? `.${rest}` : "");
  return value < 0 && Number(text.replaceAll(",", "")) !== 0 ? MINUS + text : text;
}

/** At most three significant digits: 7.25, 87.5, 412, 12.4 k. */
function compact(value) {
  const size = Math.abs(value);
  // 999.5 would be rounded to 1,000, which is 1 k.
  for (const [scale, unit] of SCALES) {
    if (size >= scale * 0.9995) return threeDigits(value / scale) + SPACE + unit;
  }
  return threeDigits(value);
}

function threeDigits(value) {
  const size = Math.abs(value);
  return decimal(value, size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

/** A length of time as people say it: 45 m, 2 h 15 m, 3 d 4 h. */
function duration(hours) {
  const sign = hours < 0 ? MINUS : "";
  const minutes = Math.round(Math.abs(hours) * 60);
  const parts = (big, bigUnit, small, smallUnit) =>
    sign + big + SPACE + bigUnit + (small ? SPACE + small + SPACE + smallUnit : "");
  if (minutes < 60) return (minutes ? sign : "") + minutes + SPACE + "m";
  if (minutes < 24 * 60) return parts(Math.floor(minutes / 60), "h", minutes % 60, "m");
  const wholeHours = Math.round(minutes / 60);
  return parts(Math.floor(wholeHours / 24), "d", wholeHours % 24, "h");
}

/**
 * The calendar date in an axis label: the text `2026-11-03`, with or without a time, or milliseconds since 1970. It is
 * taken as it stands: the server has already placed it in the zone of the datasource.
 */
function toDate(given) {
  const value = given !== null && typeof given === "object" && !Array.isArray(given) ? (given.name ?? given.value) : given;
  const iso = /^(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d))?)?/.exec(String(value));
  const milliseconds = iso
    ? Date.UTC(+iso[1], +iso[2] - 1, +(iso[3] ?? 1), +(iso[4] ?? 0), +(iso[5] ?? 0))
    : Number(value);
  return Number.isFinite(milliseconds) ? new Date(milliseconds) : null;
}

const number = (write) => (given, argument) => {
  const value = toNumber(given);
  return Number.isFinite(value) ? write(value, argument) : EMPTY;
};
const date = (write) => (given) => {
  const value = toDate(given);
  return value ? write(value) : String(given?.name ?? given?.value ?? given ?? "");
};
const two = (value) => String(value).padStart(2, "0");

/** What is short of the whole does not say that it is the whole, as on tiles. */
const short = (value, places) => (places > 0 && value < 100 ? Math.min(value, 100 - 10 ** -places) : value);

/** Formatters by name. Each takes what ECharts gives, and the argument after the second colon, if there is one. */
export const FORMATTERS = {
  /** 12.4 k: for tiles and axes. */
  compact: number(compact),
  /** 12,408.5: exact, for tooltips; the argument is the number of decimals (2). */
  number: number((value, places) => decimal(value, Number(places ?? 2))),
  /** Percent points: 87.5 becomes 87.5 %. */
  percent: number((value, places) => decimal(short(value, Number(places ?? 1)), Number(places ?? 1)) + SPACE + "%"),
  /** A share of one: 0.875 becomes 87.5 %. */
  ratio: number((value, places) => decimal(value * 100, Number(places ?? 1)) + SPACE + "%"),
  /** Hours as people say them: 2.25 becomes 2 h 15 m. */
  duration: number(duration),
  /** Hours of work, which are never days: 37.5 h. */
  hours: number((value) => decimal(value, 1) + SPACE + "h"),
  /** Money with at most three significant digits; the argument is the ISO 4217 code. */
  money: number((value, code = "") => {
    const symbol = SYMBOLS[code] ?? (code ? code + SPACE : "");
    return (value < 0 ? MINUS : "") + symbol + compact(Math.abs(value));
  }),
  /** Mon 3 */
  day: date((value) => `${DAYS[value.getUTCDay()]} ${value.getUTCDate()}`),
  /** 3 Nov */
  date: date((value) => `${value.getUTCDate()} ${MONTHS[value.getUTCMonth()]}`),
  /** Nov */
  month: date((value) => MONTHS[value.getUTCMonth()]),
  /** Nov 2026 */
  monthYear: date((value) => `${MONTHS[value.getUTCMonth()]} ${value.getUTCFullYear()}`),
  /** Tue 3 Nov 2026: exact, for tooltips. */
  fullDate: date(
    (value) => `${DAYS[value.getUTCDay()]} ${value.getUTCDate()} ${MONTHS[value.getUTCMonth()]} ${value.getUTCFullYear()}`,
  ),
  /** 14:00; an hour of the day may also be a plain number from 0 to 23. */
  hour: (given) => {
    const value = toNumber(given);
    if (Number.isInteger(value) && value >= 0 && value < 24) return `${two(value)}:00`;
    return date((at) => `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`)(given);
  },
  /** The name of the data item, for labels beside a mark. */
  name: (given) => String(given?.name ?? given ?? ""),
  /** The slice's share of a donut, as ECharts reckons it: 23 %. */
  share: (given) => decimal(Number(given?.percent ?? 0), 0) + SPACE + "%",
};

/** Where a formatter may be named. */
const PLACES = new Set(["formatter", "valueFormatter"]);

const REFERENCE = /^fn:([A-Za-z]+)(?::(.*))?$/;

/**
 * Replaces every "fn:NAME" below `option` by the formatter of that name, in place, and answers with the option.
 * An unknown name is an error: it would otherwise be shown to people as a label.
 */
export function resolveFormatters(option) {
  if (option === null || typeof option !== "object") return option;
  for (const key of Object.keys(option)) {
    const value = option[key];
    if (typeof value === "string") {
      // Names of clients and tickets stand in the option, too: only where ECharts takes a formatter is one meant.
      const reference = PLACES.has(key) && value.startsWith("fn:") && REFERENCE.exec(value);
      if (!reference) continue;
      const [, name, argument] = reference;
      if (!Object.hasOwn(FORMATTERS, name)) throw new Error(`there is no chart formatter named ${name}`);
      option[key] = (given) => FORMATTERS[name](given, argument);
    } else {
      resolveFormatters(value);
    }
  }
  return option;
}
