//! The frame of signed-in pages that are plain forms and lists.

use crate::components::layout::{Brand, nav_groups};
use leptos::prelude::*;

/// Side bar, skip link, and the page.
pub fn frame(email: String, here: &'static str, page: AnyView) -> AnyView {
    let links = nav_groups(|page| {
        let current = (page.href == here).then_some("page");
        view! { <a class="nav-link" href=page.href aria-current=current>{page.content()}</a> }.into_any()
    });
    view! {
        <a class="skip-link" href="#page">"Skip to the page"</a>
        <div class="shell" data-signed-in="">
            <header class="side">
                <Brand />
                <nav class="nav" aria-label="Main">{links}</nav>
                <div class="nav-foot">
                    <p class="muted cut" title=email.clone()>{email.clone()}</p>
                    <form method="post" action="/sign-out">
                        <button class="button quiet small" type="submit">"Sign out"</button>
                    </form>
                </div>
            </header>
            <div class="main"><main class="page" id="page" tabindex="-1">{page}</main></div>
        </div>
    }
    .into_any()
}
