//! The form itself.

use super::outcome::{Failure, Passed};
use crate::{
    api::{
        UiError,
        datasources::{FormStart, find_zone, test_connection},
    },
    components::{
        banner::{Banner, Mood},
        field::{Credential, CredentialField, Entry, Field, FieldError, problem_of},
        leaving::ask_before_leaving,
        loaded::problem,
    },
};
use leptos::{html, prelude::*, task::spawn_local};
use taskgauge_model::{
    datasource::{Draft, DraftField, FieldProblem, TestOutcome},
    ids::DatasourceId,
};

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
enum Stage {
    /// The form, with the outcome of the last test if it failed.
    Editing(Option<Result<TestOutcome, UiError>>),
    /// The summary of a passed test.
    Tested(TestOutcome),
}

/// Connects Autotask, or replaces the credentials of a datasource.
#[component]
pub fn ConnectForm(
    /// How the form begins.
    start: FormStart,
    /// The datasource whose credentials are replaced.
    replaces: Option<DatasourceId>,
) -> impl IntoView {
    let known = start.datasource.clone();
    let draft = start.draft.clone().unwrap_or_default();
    let name = RwSignal::new(known.as_ref().map_or(draft.name, |datasource| datasource.name.clone()));
    let zone = RwSignal::new(draft.zone);
    let web_url = RwSignal::new(draft.web_url);
    let time_zone = RwSignal::new(match &known {
        Some(datasource) => datasource.time_zone.clone(),
        None if draft.time_zone.is_empty() => "UTC".to_owned(),
        None => draft.time_zone,
    });
    let zone_choice = NodeRef::<html::Select>::new();
    // The browser's own zone is the likeliest one; a person may choose another, even before the wasm has come.
    if known.is_none() && start.draft.is_none() {
        let offered = start.time_zones.clone();
        Effect::new(move |taken: Option<()>| {
            if taken.is_some() {
                return;
            }
            let chosen = zone_choice.get_untracked().map(|choice| choice.value());
            if let Some(chosen) = chosen.filter(|chosen| *chosen != time_zone.get_untracked()) {
                time_zone.set(chosen);
            } else if let Some(zone) = browser_time_zone().filter(|zone| offered.contains(zone)) {
                time_zone.set(zone);
            }
        });
    }
    let user_name = Credential::default();
    user_name.value.set(draft.user_name);
    let secret = Credential::default();
    let integration_code = Credential::default();
    let credentials = [user_name, secret, integration_code];

    let stage = RwSignal::new(match start.outcome.clone() {
        None => Stage::Editing(None),
        Some(outcome @ TestOutcome::Passed { .. }) => Stage::Tested(outcome),
        Some(outcome) => Stage::Editing(Some(Ok(outcome))),
    });
    let problems = Signal::derive(move || match stage.get() {
        Stage::Editing(Some(Ok(TestOutcome::Invalid { problems }))) => problems,
        Stage::Editing(Some(Ok(TestOutcome::Failed(failure)))) => failure
            .field
            .map(|field| vec![FieldProblem { field, message: failure.next.clone() }])
            .unwrap_or_default(),
        _ => Vec::new(),
    });
    let refused = RwSignal::new(start.refused.clone());
    let filled = RwSignal::new(false);

    let busy = RwSignal::new(false);
    let test = move |draft: Draft| {
        busy.set(true);
        spawn_local(async move {
            let outcome = test_connection(draft, replaces).await.and_then(|outcome| outcome.read());
            // The page may have been left meanwhile.
            busy.try_set(false);
            stage.try_set(match outcome {
                Ok(outcome @ TestOutcome::Passed { .. }) => Stage::Tested(outcome),
                other => Stage::Editing(Some(other)),
            });
        });
    };
    let message = NodeRef::<html::Div>::new();
    // Whoever cannot see the banner appear is taken to it.
    Effect::new(move |_| {
        let (failed, filled) = (matches!(stage.get(), Stage::Editing(Some(_))), filled.get());
        if failed || filled {
            focus_soon(message);
        }
    });

    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        // Every field is looked at, so that each one that was filled says so.
        let by_person = credentials.map(Credential::look);
        stage.set(Stage::Editing(None));
        if by_person.contains(&false) {
            filled.set(true);
            return;
        }
        filled.set(false);
        test(Draft {
            name: name.get_untracked(),
            user_name: user_name.value.get_untracked(),
            secret: secret.value.get_untracked(),
            integration_code: integration_code.value.get_untracked(),
            zone: zone.get_untracked(),
            web_url: web_url.get_untracked(),
            time_zone: time_zone.get_untracked(),
        });
    };
    let still_filled =
        move || filled.get() && credentials.iter().any(|credential| credential.entry.get() == Entry::Browser);
    let zones = StoredValue::new(start.time_zones.clone());
    let zone_drawn = StoredValue::new(false);
    // The first drawing leaves the choice as it is: the options say which one is selected.
    let time_zone_shown = move || {
        let zone = time_zone.get();
        let first = !zone_drawn.get_value();
        zone_drawn.set_value(true);
        (!first).then_some(zone)
    };
    let own_email = StoredValue::new(start.email.clone());
    let action = replaces.map_or_else(
        || "/data/datasources/new".to_owned(),
        |id| format!("/data/datasources/{id}/credentials"),
    );

    let found = RwSignal::new(None);
    let looked_for = RwSignal::new(String::new());
    let look_up = move |_| {
        // What the browser filled in is not sent anywhere.
        if !user_name.look() {
            return;
        }
        let user = user_name.value.get_untracked();
        if !user.is_empty() && user != looked_for.get_untracked() && zone.get_untracked().is_empty() {
            looked_for.set(user.clone());
            spawn_local(async move {
                let zone = find_zone(user).await.and_then(|zone| zone.read::<Option<String>>());
                found.try_set(Some(zone));
            });
        }
    };
    let zone_found = move || {
        found.get().map(|found| match found {
            Ok(Some(zone)) => view! { <p class="help" role="status"><span aria-hidden="true">"✓ "</span>{format!("Found: {zone}")}</p> }.into_any(),
            Ok(None) => view! { <p class="help" role="status"><span aria-hidden="true">"! "</span>"Autotask does not know this user name (yet). A new user takes up to five minutes."</p> }.into_any(),
            Err(_) => ().into_any(),
        })
    };
    // What is wrong, or was chosen before, must be seen.
    let chosen = !zone.get_untracked().is_empty() || !web_url.get_untracked().is_empty();
    let advanced = move || {
        let wrong = problems.with(|problems| {
            problems.iter().any(|problem| matches!(problem.field, DraftField::Zone | DraftField::WebUrl))
        });
        chosen || wrong
    };
    let dirty = Signal::derive(move || match stage.get() {
        Stage::Editing(_) => credentials.iter().any(|credential| !credential.value.get().is_empty()),
        Stage::Tested(_) => true,
    });
    ask_before_leaving(dirty);
    let editing = move || matches!(stage.get(), Stage::Editing(_));
    let accept = Callback::new(move |value: String| zone.set(value));

    view! {
        <div class="form-column">
            <div node_ref=message tabindex="-1" class="form-message">
                {move || match stage.get() {
                    Stage::Editing(Some(Ok(TestOutcome::Failed(failure)))) => view! { <Failure failure=failure accept=accept /> }.into_any(),
                    Stage::Editing(Some(Ok(TestOutcome::Invalid { problems }))) => view! { <Summary problems=problems /> }.into_any(),
                    Stage::Editing(Some(Err(error))) => problem(&error),
                    _ => ().into_any(),
                }}
                {move || still_filled().then(|| view! {
                    <Banner mood=Mood::Warn title="Your browser filled in a field">
                        <p>"Nothing was tested. Check the marked fields: clear them and type, or say that they are right."</p>
                    </Banner>
                }.into_any())}
            </div>
            <Show when=editing fallback=move || {
                let Stage::Tested(TestOutcome::Passed { draft, report }) = stage.get() else { return ().into_any() };
                // What the inputs held is needed no more; a change begins with what a person types.
                view! {
                    <Passed
                        draft=draft
                        report=report
                        name=name.get_untracked()
                        time_zone=time_zone.get_untracked()
                        web_url=web_url.get_untracked()
                        zone=zone.get_untracked()
                        replaces=replaces
                        refused=refused
                        change=move || {
                            refused.set(None);
                            secret.value.set(String::new());
                            stage.set(Stage::Editing(None));
                        }
                    />
                }.into_any()
            }>
                <form class="form" method="post" action=action.clone() autocomplete="off" novalidate=true on:submit=submit aria-label="Connection">
                    <Show when=move || replaces.is_none()>
                        <Field field=DraftField::Name label="Name" help="What this datasource is called in Taskgauge." value=name problems=problems />
                    </Show>
                    <div on:focusout=look_up>
                        <CredentialField field=DraftField::UserName label="API user name (key)" help="Looks like an e-mail address. On the API user’s page: Username (Key)." credential=user_name problems=problems secret=false />
                        {zone_found}
                        {move || {
                            let email = own_email.get_value();
                            (!email.is_empty() && user_name.value.get().eq_ignore_ascii_case(&email)).then(|| view! {
                                <p class="field-note" role="status"><span aria-hidden="true">"! "</span>"This is the address you sign in to Taskgauge with. The API user has a name of its own."</p>
                            }.into_any())
                        }}
                    </div>
                    <CredentialField field=DraftField::Secret label="API secret" help="On the API user’s page: Password (Secret). Autotask shows it once." credential=secret problems=problems secret=true />
                    <CredentialField field=DraftField::IntegrationCode label="Integration code" help="The API tracking identifier of the API user." credential=integration_code problems=problems secret=true />
                    <Show when=move || replaces.is_none()>
                        <div class="field">
                            <label for="time_zone">"Time zone of the numbers"</label>
                            <p class="help" id="time_zone-help">"“Today” and “this month” are counted in it."</p>
                            <select class="input" id="time_zone" name="time_zone" node_ref=zone_choice aria-describedby="time_zone-help time_zone-error" on:change=move |event| time_zone.set(event_target_value(&event)) prop:value=time_zone_shown>
                                {zones.get_value().into_iter().map(|each| {
                                    let selected = each == time_zone.get_untracked();
                                    view! { <option value=each.clone() selected=selected>{each.clone()}</option> }.into_any()
                                }).collect_view()}
                            </select>
                            <FieldError key="time_zone" problem=problem_of(DraftField::TimeZone, problems) />
                        </div>
                    </Show>
                    <details class="advanced" open=advanced>
                        <summary>{if replaces.is_none() { "Zone and web address" } else { "Zone" }}</summary>
                        <Field field=DraftField::Zone label="Zone" help="Empty: found from the user name. Otherwise its number, or any address of your Autotask." value=zone problems=problems optional=true placeholder="5, or https://ww5.autotask.net/…" />
                        <Show when=move || replaces.is_none()>
                            <Field field=DraftField::WebUrl label="Web address" help="Empty: as Autotask says. Used to open records." value=web_url problems=problems optional=true placeholder="https://ww5.autotask.net" />
                        </Show>
                    </details>
                    <div class="actions">
                        <button class="button primary" type="submit" aria-busy=move || busy.get().then_some("true")>
                            {move || if busy.get() { "Testing …" } else { "Test connection" }}
                        </button>
                        <a class="button quiet" href="/data/datasources">"Cancel"</a>
                    </div>
                </form>
            </Show>
        </div>
    }
    .into_any()
}

/// Moves the focus to an element once what it shows is drawn.
pub fn focus_soon(node: NodeRef<html::Div>) {
    request_animation_frame(move || {
        if let Some(node) = node.get_untracked() {
            let _ = node.focus();
        }
    });
}

/// IANA name of the browser's time zone.
fn browser_time_zone() -> Option<String> {
    let options =
        js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new()).resolved_options();
    js_sys::Reflect::get(&options, &"timeZone".into()).ok()?.as_string()
}

/// The problems of the form as links to their fields.
#[component]
fn Summary(problems: Vec<FieldProblem>) -> impl IntoView {
    let links: Vec<_> = problems
        .into_iter()
        .map(|problem| view! { <li><a class="link" href=format!("#{}", problem.field.key()) rel="external">{problem.message}</a></li> }.into_any())
        .collect();
    view! { <Banner mood=Mood::Bad title="Check the form"><ul class="error-summary">{links}</ul></Banner> }
        .into_any()
}
