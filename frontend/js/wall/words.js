// What a screen says by itself: the time, how old its data is, since when nothing answers.

/** A writer of the time of day in a zone; the same one for as long as the zone stays. */
export function clock() {
  let zone;
  let writer;
  return (at, wanted) => {
    if (zone !== wanted) {
      zone = wanted;
      writer = new Intl.DateTimeFormat("en-GB", { timeZone: wanted, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    }
    return writer.format(at);
  };
}

/** How long ago something was, as the server says it. */
export function age(at, now) {
  const minutes = Math.floor((now - at) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ago`;
  return `${Math.floor(minutes / 60 / 24)} days ago`;
}

/** What is wrong, and since when. */
export function trouble({ since, why }, write) {
  const time = write(since);
  return why ? `! ${why} Since ${time}.` : `! offline since ${time}`;
}
