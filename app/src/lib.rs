//! The user interface of Taskgauge; compiled twice: HTML on the server, wasm in the browser.
//!
//! `pages` are what an address shows, `components` are what pages share, `charts` turn answers into pictures, `api` are
//! the server functions. Only `api` differs between server and browser; `plain` pages are the server's alone.

// A page is one deeply nested type.
#![recursion_limit = "512"]

pub mod address;
pub mod api;
pub mod charts;
pub mod components;
pub mod document;
pub mod live;
pub mod pages;
#[cfg(feature = "ssr")]
pub mod plain;

pub use document::{Site, document, plain_document, wall_document};

use components::layout::{Layout, NotFound};
use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    ParamSegment, SsrMode, StaticSegment as At,
    components::{ParentRoute, Redirect, Route, Router, Routes},
};

/// The whole product: every address and what it shows.
///
/// Pages are rendered whole before the first byte leaves ([`SsrMode::Async`]), so that they are complete without
/// JavaScript.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    live::provide();
    view! {
        <Router>
            <Routes fallback=|| view! { <NotFound /> }>
                <ParentRoute path=At("") view=Layout ssr=SsrMode::Async>
                    <Route path=At("") view=pages::home::Home ssr=SsrMode::Async />
                    <Route
                        path=(At("dashboards"), ParamSegment("id"))
                        view=pages::dashboard::DashboardPage
                        ssr=SsrMode::Async
                    />
                    <Route path=At("data") view=|| view! { <Redirect path="/data/datasources" /> } />
                    <Route
                        path=(At("data"), At("datasources"))
                        view=pages::datasources::Datasources
                        ssr=SsrMode::Async
                    />
                    <Route
                        path=(At("data"), At("datasources"), At("new"))
                        view=pages::connect::NewDatasource
                        ssr=SsrMode::Async
                    />
                    <Route
                        path=(At("data"), At("datasources"), ParamSegment("id"))
                        view=pages::datasource::DatasourcePage
                        ssr=SsrMode::Async
                    />
                    <Route
                        path=(At("data"), At("datasources"), ParamSegment("id"), At("credentials"))
                        view=pages::connect::ReplaceCredentials
                        ssr=SsrMode::Async
                    />
                </ParentRoute>
            </Routes>
        </Router>
    }
}
