//! What a test found: the summary to save, or the one thing to do.

use super::form::focus_soon;
use crate::{
    api::{
        UiError,
        datasources::{ReplaceCredentials, SaveDatasource},
    },
    components::{
        banner::{Banner, Mood},
        doctor::DoctorView,
        post_form::{PostForm, Posted, refusal},
    },
};
use leptos::{html, prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_navigate;
use taskgauge_model::{
    datasource::{Draft, FailureCause, TestFailure, TestReport},
    format,
    ids::DatasourceId,
};

/// A failed test.
#[component]
pub fn Failure(
    /// Why.
    failure: TestFailure,
    /// Takes the value the test suggests, where it has one.
    #[prop(into)]
    accept: Callback<String>,
) -> impl IntoView {
    let suggestion = failure.suggestion.clone();
    let title = match failure.cause {
        FailureCause::UnknownUser => "Autotask does not know this user",
        FailureCause::Refused => "Autotask refuses these credentials",
        FailureCause::IntegrationCode => "The integration code is wrong",
        FailureCause::WrongZone => "This is not the user’s zone",
        FailureCause::Address => "This address cannot be used",
        FailureCause::Network => "Autotask cannot be reached",
        FailureCause::Certificate => "The connection cannot be trusted",
        FailureCause::Unavailable => "Autotask is not available",
        FailureCause::HourlyLimit => "The hourly limit is reached",
        FailureCause::Timeout => "Autotask did not answer in time",
        FailureCause::NothingReadable => "The API user can read nothing",
        FailureCause::Other => "The test failed",
    };
    view! {
        <Banner mood=Mood::Bad title=title>
            <p>{failure.what}</p>
            <p><strong>{failure.next}</strong></p>
            {suggestion.map(|value| {
                let label = format!("Use {value}");
                view! { <button class="button small" type="button" on:click=move |_| accept.run(value.clone())>{label}</button> }
            })}
        </Banner>
    }
    .into_any()
}

/// A passed test: what was proven, and *Save*. There is no credential input here.
#[component]
pub fn Passed(
    /// Id of the tested draft.
    draft: String,
    /// What was proven.
    report: TestReport,
    /// Name of the datasource.
    name: String,
    /// Its time zone.
    time_zone: String,
    /// Deep-link address, where it was given.
    web_url: String,
    /// Zone, where it was given.
    zone: String,
    /// The datasource whose credentials these replace.
    replaces: Option<DatasourceId>,
    /// Why it could not be saved.
    refused: RwSignal<Option<UiError>>,
    /// Goes back to the form.
    #[prop(into)]
    change: Callback<()>,
) -> impl IntoView {
    let found = match report.zone_number {
        Some(number) => format!("{} (zone {number})", report.zone_name),
        None => report.zone_name.clone(),
    };
    let typed = Draft {
        name: name.clone(),
        user_name: report.user_name.clone(),
        zone,
        web_url: web_url.clone(),
        time_zone: time_zone.clone(),
        ..Draft::default()
    };
    let readable = format!("{} of {} kinds of records", report.doctor.readable(), report.doctor.probes.len());
    let tenant = match (&report.company, report.tenant) {
        (Some(company), Some(tenant)) => format!("{company} (database {tenant})"),
        (Some(company), None) => company.clone(),
        (None, Some(tenant)) => format!("database {tenant}"),
        (None, None) => format::NOTHING.to_owned(),
    };
    let used = format!(
        "{} of {} requests in the last hour, by all integrations",
        format::grouped(f64::from(report.requests_used), 0),
        format::grouped(f64::from(report.request_limit), 0)
    );
    let tested = NodeRef::<html::Div>::new();
    // Whoever cannot see the banner appear is taken to it.
    Effect::new(move |_| focus_soon(tested));
    let whole = report.doctor.readable() == report.doctor.probes.len() && report.doctor.gaps.is_empty();
    let note =
        if whole { "Everything can be read." } else { "Look at what is left out below before you save." };
    view! {
        <div class="tested stack" tabindex="-1" node_ref=tested>
            <Banner mood=Mood::Good title="Connected"><p>{note}</p></Banner>
            <dl class="summary">
                {(!name.is_empty()).then(|| view! { <dt>"Name"</dt><dd>{name.clone()}</dd> }.into_any())}
                <dt>"API user"</dt><dd>{report.user_name.clone()}</dd>
                <dt>"Secret, integration code"</dt><dd>"as tested, kept sealed on the server"</dd>
                <dt>"Autotask of"</dt><dd>{tenant}</dd>
                <dt>"Zone"</dt><dd>{found}</dd>
                <dt>"Web address"</dt><dd>{if web_url.is_empty() { report.web_url.clone().unwrap_or_else(|| format::NOTHING.to_owned()) } else { web_url.clone() }}</dd>
                <dt>"API version, round trip"</dt><dd>{format!("{}, {} ms", report.api_version, report.round_trip_ms)}</dd>
                <dt>"Readable"</dt><dd>{readable}</dd>
                <dt>"Hourly allowance"</dt><dd>{used}</dd>
            </dl>
            {match replaces {
                Some(id) => view! { <ReplaceForm id=id draft=draft refused=refused /> }.into_any(),
                None => view! { <SaveForm draft=draft name=name time_zone=time_zone web_url=web_url refused=refused /> }.into_any(),
            }}
            <ChangeForm typed=typed replaces=replaces change=change />
            <h2>"What the API user can read"</h2>
            <DoctorView doctor=report.doctor />
        </div>
    }
    .into_any()
}

#[component]
fn SaveForm(
    draft: String,
    name: String,
    time_zone: String,
    web_url: String,
    refused: RwSignal<Option<UiError>>,
) -> impl IntoView {
    let busy = RwSignal::new(false);
    let navigate = use_navigate();
    let answered = move |answer: Posted| match answer.and_then(|id| id.read::<DatasourceId>()) {
        Ok(id) => navigate(&format!("/data/datasources/{id}"), leptos_router::NavigateOptions::default()),
        Err(error) => refused.set(Some(error)),
    };
    view! {
        {move || refused.with(|refused| refused.as_ref().map(refusal))}
        <PostForm to=SaveDatasource::PATH plain="/data/datasources/save" busy=busy answered=answered>
            <input type="hidden" name="draft" value=draft />
            <input type="hidden" name="name" value=name />
            <input type="hidden" name="time_zone" value=time_zone />
            <input type="hidden" name="web_url" value=web_url />
            <div class="actions">
                <button class="button primary" type="submit" aria-busy=move || busy.get().then_some("true")>"Save datasource"</button>
            </div>
        </PostForm>
    }
    .into_any()
}

#[component]
fn ReplaceForm(id: DatasourceId, draft: String, refused: RwSignal<Option<UiError>>) -> impl IntoView {
    let busy = RwSignal::new(false);
    let navigate = use_navigate();
    let answered = move |answer: Posted| match answer {
        Ok(_) => navigate(&format!("/data/datasources/{id}"), leptos_router::NavigateOptions::default()),
        Err(error) => refused.set(Some(error)),
    };
    let other = move || refused.with(|refused| matches!(refused, Some(UiError::Conflict(_))));
    view! {
        {move || refused.with(|refused| refused.as_ref().map(refusal))}
        <PostForm to=ReplaceCredentials::PATH plain=format!("/data/datasources/{id}/credentials/save") busy=busy answered=answered>
            <input type="hidden" name="id" value=id.to_string() />
            <input type="hidden" name="draft" value=draft />
            <input type="hidden" name="allow_other_tenant" value=move || other().to_string() />
            <div class="actions">
                <button class="button primary" type="submit" aria-busy=move || busy.get().then_some("true")>
                    {move || if other() { "Replace, and drop the rows of the old Autotask" } else { "Save new credentials" }}
                </button>
            </div>
        </PostForm>
    }
    .into_any()
}

/// Back to the form, with all that is no secret; without JavaScript the server brings it back.
#[component]
fn ChangeForm(typed: Draft, replaces: Option<DatasourceId>, change: Callback<()>) -> impl IntoView {
    let back = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        change.run(());
    };
    let (method, action) = match replaces {
        Some(id) => ("get", format!("/data/datasources/{id}/credentials")),
        None => ("post", "/data/datasources/change".to_owned()),
    };
    view! {
        <form method=method action=action on:submit=back>
            {replaces.is_none().then(|| view! {
                <input type="hidden" name="name" value=typed.name />
                <input type="hidden" name="user_name" value=typed.user_name />
                <input type="hidden" name="zone" value=typed.zone />
                <input type="hidden" name="web_url" value=typed.web_url />
                <input type="hidden" name="time_zone" value=typed.time_zone />
            }.into_any())}
            <button class="button quiet" type="submit">"Change"</button>
        </form>
    }
    .into_any()
}
