//! Signing in.

use crate::components::banner::{Banner, Mood};
use leptos::prelude::*;

/// The sign-in page.
#[component]
pub fn SignIn(
    /// Where to go then, as a path.
    next: String,
    /// The word for what went wrong, or empty.
    problem: String,
) -> impl IntoView {
    let mood = if problem == "out" { Mood::Info } else { Mood::Bad };
    let problem = match problem.as_str() {
        "wrong" => Some(("That did not work", "The e-mail address or the password is wrong. Try again.")),
        "often" => Some(("Too many tries", "Wait a minute, then try again.")),
        "out" => Some(("You are signed out", "Sign in to go on.")),
        "link" => Some((
            "This link does not work any more",
            "It has been used or is too old. Sign in, or restart the server for a new one if nobody has an account yet.",
        )),
        _ => None,
    };
    view! {
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
