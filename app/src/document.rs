//! The HTML document around the app.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

/// Addresses of the site's own files; their names carry a hash of their content.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
pub struct Site {
    /// The wasm's JavaScript.
    pub js: String,
    /// The wasm.
    pub wasm: String,
    /// The style sheet.
    pub css: String,
    /// The chart script.
    pub charts: String,
    /// The script of plain pages that are alive: builder, layout, import.
    pub plain: String,
    /// The script of screens on the wall.
    pub wall: String,
}

impl Site {
    /// Differs between two builds of what a page that stays open is made of, so that it knows when to load itself anew.
    pub fn build(&self) -> String {
        let name = |address: &str| address.rsplit('/').next().unwrap_or_default().to_owned();
        format!("{} {}", name(&self.css), name(&self.wall))
    }
}

/// Notes how each guarded field came by its value from the first moment on, before the wasm has loaded: by a person
/// (typing, paste, drop carry an input type) or by the browser (a plain event, a scripted one, or none at all). A form
/// that is sent before the wasm has loaded is held back while it holds something the browser filled in.
const ENTRY_GUARD: &str = "addEventListener('input',e=>{const t=e.target,d=t.dataset;if(!d||d.guard===undefined)return;\
const n=e.isTrusted&&e.inputType&&e.inputType!=='insertReplacementText';\
if(!n)d.entry='browser';\
else if(d.entry!=='browser'||t.value===''||e.data===t.value||e.inputType==='insertFromPaste'&&d.all==='1')d.entry='person';\
d.seen=t.value.length},true);\
addEventListener('beforeinput',e=>{const t=e.target,d=t.dataset;if(!d||d.guard===undefined)return;\
if(t.value&&t.value!==t.defaultValue&&t.value.length!=(d.seen||0))d.entry='browser';\
d.all=t.selectionStart===0&&t.selectionEnd===t.value.length?'1':'0'},true);\
addEventListener('submit',e=>{if(e.defaultPrevented)return;\
for(const t of e.target.querySelectorAll('[data-guard]'))if(t.value&&t.value!==t.defaultValue&&t.dataset.entry!=='person'){\
e.preventDefault();t.dataset.entry='browser';t.setCustomValidity('Your browser filled this in. Clear it and type it yourself.');\
t.reportValidity();t.setCustomValidity('');return}});";

/// Starts the wasm; the page is complete without it.
fn start_script(site: &Site) -> String {
    format!(
        "import('{}').then(m=>m.default({{module_or_path:'{}'}}).then(()=>m.hydrate()))",
        site.js, site.wasm
    )
}

/// The document: head, styles, scripts, and the app as body.
pub fn document(site: Site) -> impl IntoView {
    let nonce = use_nonce();
    let start = start_script(&site);
    let charts_nonce = nonce.clone();
    let style = site.css.clone();
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <Head style=style />
                <link rel="modulepreload" href=site.js.clone() nonce=nonce.clone() />
                <link
                    rel="preload"
                    href=site.wasm.clone()
                    r#as="fetch"
                    r#type="application/wasm"
                    crossorigin="anonymous"
                />
                <meta name="taskgauge-echarts" content=site.charts.clone() nonce=charts_nonce />
                <script nonce=nonce.clone() inner_html=ENTRY_GUARD></script>
                <MetaTags />
                <script type="module" nonce=nonce inner_html=start></script>
            </head>
            <body>
                <super::App />
            </body>
        </html>
    }
}

/// A document without the wasm around a page of [`plain`](crate::plain); with the script of plain pages if it says so.
pub fn plain_document(site: &Site, title: &str, scripted: bool, body: impl IntoView) -> impl IntoView {
    let title = format!("{title} · Taskgauge");
    let script = scripted.then(|| view! { <script type="module" src=site.plain.clone()></script> });
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <Head style=site.css.clone() />
                <title>{title}</title>
                {script}
            </head>
            <body>{body}</body>
        </html>
    }
}

/// A document for a screen on the wall: it has a theme of its own, and without JavaScript it is loaded anew every
/// `seconds`.
pub fn wall_document(
    site: &Site,
    title: &str,
    theme: &'static str,
    seconds: i64,
    body: impl IntoView,
) -> impl IntoView {
    let title = format!("{title} · Taskgauge");
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme>
            <head>
                <Head style=site.css.clone() />
                <title>{title}</title>
                <noscript>
                    <meta http-equiv="refresh" content=seconds.to_string() />
                </noscript>
                <script type="module" src=site.wall.clone()></script>
            </head>
            <body>{body}</body>
        </html>
    }
}

/// What every document's head begins with.
#[component]
fn Head(style: String) -> impl IntoView {
    view! {
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="same-origin" />
        <meta name="robots" content="noindex, nofollow" />
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href=style />
    }
}
