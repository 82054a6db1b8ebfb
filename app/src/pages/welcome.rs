//! The one-time link of the first start: making the first admin.

use crate::{
    api::people::welcome_is_valid,
    components::{
        banner::{Banner, Mood},
        loaded::{Loaded, load, shown},
    },
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// The page behind the one-time link.
#[component]
pub fn Welcome() -> impl IntoView {
    let query = use_query_map();
    let get = move |name: &str| {
        query.with_untracked(|query| query.get_str(name).map(str::to_owned)).unwrap_or_default()
    };
    let token = get("token");
    let problem = match get("problem").as_str() {
        "short" => Some("Use a password of at least 12 characters."),
        "long" => Some("Use a password of at most 1,000 characters."),
        "email" => Some("Enter an e-mail address."),
        "same" => Some("Use a password that is not your e-mail address."),
        "different" => Some("The two passwords differ. Type both again."),
        _ => None,
    };
    let valid = load(
        {
            let token = token.clone();
            move || token.clone()
        },
        welcome_is_valid,
    );
    let token = StoredValue::new(token);
    let (name, email) = (StoredValue::new(get("name")), StoredValue::new(get("email")));
    view! {
        <Title text="Welcome · Taskgauge" />
        <main class="auth" id="page">
            <div class="auth-card">
                <Loaded resource=valid view=shown(move |valid: bool| if valid {
                    view! {
                        <h1>"Welcome to Taskgauge"</h1>
                        <p class="page-sub">"Choose how the first admin signs in."</p>
                        {problem.map(|text| view! { <Banner mood=Mood::Bad title="Not yet"><p>{text}</p></Banner> })}
                        <form class="form" method="post" action="/welcome">
                            <input type="hidden" name="token" value=token.get_value() />
                            <div class="field">
                                <label for="name">"Your name"</label>
                                <input class="input" id="name" name="name" autocomplete="name" maxlength="100" value=name.get_value() />
                            </div>
                            <div class="field">
                                <label for="email">"E-mail address"</label>
                                <input class="input" id="email" name="email" type="email" required=true autocomplete="username" maxlength="254" value=email.get_value() />
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
                    }.into_any()
                } else {
                    view! {
                        <h1>"This link does not work any more"</h1>
                        <p>"It has been used or is too old. If you have an account, sign in. If nobody has one yet, restart the server: it prints a new link."</p>
                        <p><a class="button primary" href="/sign-in" rel="external">"Sign in"</a></p>
                    }.into_any()
                }) />
            </div>
        </main>
    }
}
