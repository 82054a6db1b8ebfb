//! The one-time link of the first start: making the first admin.

use crate::components::banner::{Banner, Mood};
use leptos::prelude::*;

/// The page behind the one-time link.
#[component]
pub fn Welcome(
    /// The link's token.
    token: String,
    /// Whether it still holds.
    valid: bool,
    /// The word for what was wrong with the last try, or empty.
    problem: String,
    /// The name typed then.
    name: String,
    /// The address typed then.
    email: String,
) -> impl IntoView {
    let problem = match problem.as_str() {
        "short" => Some("Use a password of at least 12 characters."),
        "long" => Some("Use a password of at most 1,000 characters."),
        "email" => Some("Enter an e-mail address."),
        "same" => Some("Use a password that is not your e-mail address."),
        "different" => Some("The two passwords differ. Type both again."),
        _ => None,
    };
    let card = if valid {
        view! {
            <h1>"Welcome to Taskgauge"</h1>
            <p class="page-sub">"Choose how the first admin signs in."</p>
            {problem.map(|text| view! { <Banner mood=Mood::Bad title="Not yet"><p>{text}</p></Banner> })}
            <form class="form" method="post" action="/welcome">
                <input type="hidden" name="token" value=token />
                <div class="field">
                    <label for="name">"Your name"</label>
                    <input class="input" id="name" name="name" autocomplete="name" maxlength="100" value=name />
                </div>
                <div class="field">
                    <label for="email">"E-mail address"</label>
                    <input class="input" id="email" name="email" type="email" required=true autocomplete="username" maxlength="254" value=email />
                </div>
                <div class="field">
                    <label for="password">"Password"</label>
                    <p class="help" id="password-help">"At least 12 characters; a sentence is good."</p>
                    <input class="input" id="password" name="password" type="password" required=true minlength="12" maxlength="1000" autocomplete="new-password" aria-describedby="password-help" />
                </div>
                <div class="field">
                    <label for="again">"Password again"</label>
                    <input class="input" id="again" name="again" type="password" required=true minlength="12" maxlength="1000" autocomplete="new-password" />
                </div>
                <div class="actions"><button class="button primary" type="submit">"Start"</button></div>
            </form>
        }
        .into_any()
    } else {
        view! {
            <h1>"This link does not work any more"</h1>
            <p>"It has been used or is too old. If you have an account, sign in. If nobody has one yet, restart the server: it prints a new link."</p>
            <p><a class="button primary" href="/sign-in">"Sign in"</a></p>
        }
        .into_any()
    };
    view! {
        <main class="auth" id="page">
            <div class="auth-card">{card}</div>
        </main>
    }
    .into_any()
}
