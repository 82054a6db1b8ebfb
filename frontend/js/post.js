// The way from wasm to the server for forms: what a browser would send by itself, without leaving the page.

/** Sends the fields of `form` to `address`; answers `[succeeded, body]`. Fails only when nothing answers. */
export async function post(address, form) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams(new FormData(form)),
  });
  return [answer.ok, await answer.text()];
}
