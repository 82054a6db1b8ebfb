//! Signing in: a plain form, complete without wasm.

use crate::components::banner::{Banner, Mood};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// The sign-in page.
#[component]
pub fn SignIn() -> impl IntoView {
    let query = use_query_map();
    let get = move |name: &str| {
        query.with_untracked(|query| query.get_str(name).map(str::to_owned)).unwrap_or_default()
    };
    let next = get("next");
    let problem = match get("problem").as_str() {
        "wrong" => Some(("That did not work", "The e-mail address or the password is wrong. Try again.")),
        "often" => Some(("Too many tries", "Wait a minute, then try again.")),
        "out" => Some(("You are signed out", "Sign in to go on.")),
        "link" => Some((
            "This link does not work any more",
            "It has been used or is too old. Sign in, or restart the server for a new one if nobody has an account yet.",
        )),
        _ => None,
    };
    let mood = if get("problem") == "out" { Mood::Info } else { Mood::Bad };
    view! {
        <Title text="Sign in · Taskgauge" />
        <main class="auth" id="page">
            <div class="auth-card">
                <h1>"Sign in"</h1>
                <p class="page-sub">"Taskgauge, your Autotask in numbers."</p>
                {problem.map(|(title, text)| view! { <Banner mood=mood title=title><p>{text}</p></Banner> })}
                <form class="form" method="post" action="/sign-in">
                    <input type="hidden" name="next" value=next />
                    <div class="field">
                        <label for="email">"E-mail address"</label>
                        <input class="input" id="email" name="email" type="email" required=true autocomplete="username" maxlength="254" />
                    </div>
                    <div class="field">
                        <label for="password">"Password"</label>
                        <input class="input" id="password" name="password" type="password" required=true autocomplete="current-password" maxlength="1000" />
                    </div>
                    <div class="actions"><button class="button primary" type="submit">"Sign in"</button></div>
                </form>
            </div>
        </main>
    }
    .into_any()
}
