// What the parts share: a part of a page from the server, and asking before changes are lost.

/** Posts a form to `address` and answers with the HTML of a part of a page; `undefined` where nothing came. */
export async function part(address, body, signal) {
  try {
    const answer = await fetch(address, { method: "POST", headers: { "x-part": "1" }, body, signal });
    return answer.ok ? await answer.text() : undefined;
  } catch {
    return undefined;
  }
}

/** The fields of a form, with one more. */
export function fields(form, name, value) {
  const body = new URLSearchParams(new FormData(form));
  if (name) body.append(name, value);
  return body;
}

/** Asks before a page with changes is left, unless its form is sent. Answers a function that says that there are some. */
export function guard(form) {
  let changed = false;
  form.addEventListener("submit", () => (changed = false));
  addEventListener("beforeunload", (event) => {
    if (changed) event.preventDefault();
  });
  return () => (changed = true);
}
