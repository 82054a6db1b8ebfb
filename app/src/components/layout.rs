//! The frame around every page that needs somebody signed in.

use super::icon::{Glyph, Icon};
use super::loaded::load;
use crate::api::people::{Me, get_me};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    components::{A, Outlet},
    hooks::use_location,
};

/// A page of the side bar.
pub struct NavPage {
    /// Its address.
    pub href: &'static str,
    icon: Icon,
    label: &'static str,
    /// Whether it is one of the app's own pages, which the browser need not load anew.
    pub in_app: bool,
}

impl NavPage {
    const fn app(href: &'static str, icon: Icon, label: &'static str) -> NavPage {
        NavPage { href, icon, label, in_app: true }
    }

    const fn plain(href: &'static str, icon: Icon, label: &'static str) -> NavPage {
        NavPage { href, icon, label, in_app: false }
    }

    /// Its picture and its name.
    pub fn content(&self) -> AnyView {
        view! { <Glyph icon=self.icon /><span>{self.label}</span> }.into_any()
    }
}

/// What the side bar leads to: groups, each with its title, and their pages.
const NAV: &[(Option<&str>, &[NavPage])] = &[
    (
        None,
        &[
            NavPage::plain("/dashboards", Icon::Board, "Dashboards"),
            NavPage::plain("/gauges", Icon::Gauge, "Gauges"),
            NavPage::plain("/walls", Icon::Screen, "Walls"),
        ],
    ),
    (
        Some("Data"),
        &[
            NavPage::app("/data/datasources", Icon::Plug, "Datasources"),
            NavPage::plain("/data/datasets", Icon::Table, "Datasets"),
        ],
    ),
];

/// The name and its mark, which lead home.
#[component]
pub fn Brand() -> impl IntoView {
    view! {
        <a class="brand" href="/">
            <svg class="brand-mark" viewBox="0 0 24 24" width="28" height="28" fill="none" stroke="currentColor"
                stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
                <path d="M5.6 19.4a9 9 0 1 1 12.8 0" opacity="0.45" />
                <path d="M8 13l3.2 3.2L16.6 9" />
            </svg>
            <span>"Taskgauge"</span>
        </a>
    }
    .into_any()
}

/// The groups of the side bar; `link` draws a link to a page.
pub fn nav_groups(link: impl Fn(&'static NavPage) -> AnyView) -> Vec<AnyView> {
    let group = |(title, pages): &(Option<&'static str>, &'static [NavPage])| {
        let links: Vec<_> = pages.iter().map(&link).collect();
        let title = title.map(|title| view! { <p class="nav-title">{title}</p> }.into_any());
        view! { <div class="nav-group">{title}{links}</div> }.into_any()
    };
    NAV.iter().map(group).collect()
}

/// Side bar, skip link, and the page.
#[component]
pub fn Layout() -> impl IntoView {
    let who = load(get_me);
    let here = use_location().pathname;
    let link = move |page: &'static NavPage| {
        if page.in_app {
            return view! { <A href=page.href attr:class="nav-link">{page.content()}</A> }.into_any();
        }
        let current = move || here.with(|here| here.starts_with(page.href)).then_some("page");
        view! { <a class="nav-link" rel="external" href=page.href aria-current=current>{page.content()}</a> }
            .into_any()
    };
    view! {
        <Title formatter=|title: String| if title.is_empty() { "Taskgauge".to_owned() } else { format!("{title} · Taskgauge") } />
        <a class="skip-link" href="#page">"Skip to the page"</a>
        <div class="shell" data-signed-in="">
            <header class="side">
                <Brand />
                <nav class="nav" aria-label="Main">
                    {nav_groups(link)}
                </nav>
                <div class="nav-foot">
                    <Suspense>
                        {move || Suspend::new(async move {
                            let email = who.await.and_then(|me| me.read::<Me>()).map(|me| me.email).unwrap_or_default();
                            view! { <p class="muted cut" title=email.clone()>{email.clone()}</p> }
                        })}
                    </Suspense>
                    <form method="post" action="/sign-out">
                        <button class="button quiet small" type="submit">"Sign out"</button>
                    </form>
                </div>
            </header>
            <div class="main">
                <main class="page" id="page" tabindex="-1">
                    <Outlet />
                </main>
            </div>
        </div>
    }
    .into_any()
}

/// What stands at an address that shows nothing.
#[component]
pub fn NotFound() -> impl IntoView {
    view! { <main class="page" id="page"><Nothing why="It may have been renamed or removed.".to_owned() /></main> }
}

/// In place of what an address would show if it were there.
#[component]
pub fn Nothing(
    /// What is missing, as a sentence.
    why: String,
) -> impl IntoView {
    if let Some(status) = use_context::<NotFoundStatus>() {
        (status.0)();
    }
    view! {
        <Title text="Not found" />
        <div class="empty">
            <h1 class="empty-title">"There is nothing at this address"</h1>
            <p>{why}</p>
            <p><a class="button primary" href="/" rel="external">"Go to the dashboards"</a></p>
        </div>
    }
    .into_any()
}

/// Sets the status 404 of the response; offered by the server.
#[derive(Clone)]
pub struct NotFoundStatus(pub std::sync::Arc<dyn Fn() + Send + Sync>);
