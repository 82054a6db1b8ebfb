//! A datasource: how it syncs, what it can read, and its settings.

use crate::{
    api::datasources::{
        CancelSync, ChangeDatasource, CheckPermissions, DatasourceView, Pause, RemoveDatasource, SyncNow,
        get_datasource,
    },
    components::{
        age::Age,
        banner::{Banner, Mood},
        doctor::DoctorView,
        loaded::{Loaded, load, shown},
        post_form::{PostForm, Posted, Refused, refusal},
        steps::{Steps, state_badge},
    },
    live::use_live,
};
use chrono::{DateTime, Utc};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_meta::Title;
use leptos_router::hooks::{use_navigate, use_params_map};
use taskgauge_model::{
    datasource::Datasource,
    format,
    ids::DatasourceId,
    run::{Run, RunKind},
};

/// The page of a datasource.
#[component]
pub fn DatasourcePage() -> impl IntoView {
    let params = use_params_map();
    let live = use_live();
    let id = Memo::new(move |_| {
        let id = params.with(|params| params.get_str("id").and_then(|id| id.parse().ok()));
        id.unwrap_or(DatasourceId(0))
    });
    let (asked, refused) = (RwSignal::new(0_u32), RwSignal::new(None));
    let checking = RwSignal::new(false);
    let answered = Callback::new(move |answer: Posted| {
        refused.set(answer.err());
        asked.update(|asked| *asked += 1);
    });
    // Made here and not where they are used: what is shown below is drawn anew with every step of a sync.
    let navigate = use_navigate();
    let removed = Callback::new(move |answer: Posted| match answer {
        Ok(_) => navigate("/data/datasources", leptos_router::NavigateOptions::default()),
        refused => answered.run(refused),
    });
    let page = load(move || {
        live.progress.get();
        asked.get();
        get_datasource(id.get())
    });
    view! {
        <Refused />
        {move || refused.with(|refused| refused.as_ref().map(refusal))}
        <Loaded resource=page view=shown(move |page: DatasourceView| {
            let DatasourceView { datasource, doctor, runs, datasets, at } = page;
            let running = runs.first().is_some_and(|run| !run.state.is_over());
            let id = datasource.id;
            let paused = datasource.paused;
            view! {
                <Title text=datasource.name.clone() />
                <header class="page-head">
                    <div>
                        <h1>{datasource.name.clone()}</h1>
                        <p class="page-sub">
                            "Autotask, zone "{datasource.zone_name.clone()}" · last complete sync "
                            <Age at=datasource.synced_at now=at />
                        </p>
                    </div>
                    <div class="page-actions row">
                        {if running {
                            view! {
                                <PostForm to=CancelSync::PATH answered=answered>
                                    <input type="hidden" name="id" value=id.to_string() />
                                    <button class="button" type="submit">"Stop"</button>
                                </PostForm>
                            }.into_any()
                        } else {
                            view! {
                                <PostForm to=SyncNow::PATH answered=answered>
                                    <input type="hidden" name="id" value=id.to_string() />
                                    <input type="hidden" name="full" value="false" />
                                    <button class="button primary" type="submit">"Sync now"</button>
                                </PostForm>
                            }.into_any()
                        }}
                        <PostForm to=Pause::PATH answered=answered>
                            <input type="hidden" name="id" value=id.to_string() />
                            <input type="hidden" name="paused" value=(!paused).to_string() />
                            <button class="button" type="submit">{if paused { "Resume schedule" } else { "Pause schedule" }}</button>
                        </PostForm>
                    </div>
                </header>
                {paused.then(|| view! {
                    <Banner mood=Mood::Warn title="The schedule is paused"><p>"Numbers stay as they are until you resume it or sync by hand."</p></Banner>
                }.into_any())}
                <Latest runs=runs.clone() datasets=datasets />
                <section class="section">
                    <h2>"What the API user can read"</h2>
                    {match doctor {
                        Some(doctor) => view! {
                            <p class="muted">"Checked "<Age at=doctor.at now=at />"; once a day by itself."</p>
                            <DoctorView doctor=doctor />
                        }.into_any(),
                        None => view! { <p class="muted">"Not checked yet."</p> }.into_any(),
                    }}
                    <PostForm to=CheckPermissions::PATH busy=checking answered=answered>
                        <input type="hidden" name="id" value=id.to_string() />
                        <button class="button" type="submit" aria-busy=move || checking.get().then_some("true")>"Check again"</button>
                    </PostForm>
                </section>
                <section class="section"><h2>"History"</h2><History runs=runs now=at /></section>
                <Settings datasource=datasource now=at answered=answered removed=removed />
            }
        }) />
    }
}

/// The latest run with its steps.
#[component]
fn Latest(runs: Vec<Run>, datasets: Vec<(String, Vec<String>)>) -> impl IntoView {
    let Some(run) = runs.into_iter().next() else {
        return view! { <p class="muted">"No sync yet. It starts by itself."</p> }.into_any();
    };
    let trouble = run.problem.clone();
    view! {
        <section class="section" aria-live="polite">
            <h2 class="row">
                {match run.kind { RunKind::Full => "First load ", _ => "Latest sync " }}
                {state_badge(run.state)}
            </h2>
            {trouble.map(|text| view! { <Banner mood=Mood::Bad title="The sync stopped early"><p>{text}</p></Banner> }.into_any())}
            <Steps run=run datasets=datasets />
            <p><a class="link" href="/dashboards/service-ticket-kpis">"Open the Service Ticket KPIs"</a></p>
        </section>
    }
    .into_any()
}

#[component]
fn History(runs: Vec<Run>, now: DateTime<Utc>) -> impl IntoView {
    let rows: Vec<_> = runs
        .into_iter()
        .map(|run| {
            let seconds = match (run.started_at, run.ended_at) {
                (Some(start), Some(end)) => format::span((end - start).num_milliseconds() as f64 / 1_000.0),
                _ => format::NOTHING.to_owned(),
            };
            let kind = match run.kind {
                RunKind::Full => "Everything",
                RunKind::Incremental => "Changes",
                RunKind::Reconcile => "Comparison",
            };
            view! {
                <tr>
                    <th scope="row"><Age at=run.started_at.or(Some(run.queued_at)) now=now /></th>
                    <td>{kind}</td>
                    <td>{state_badge(run.state)}</td>
                    <td class="num">{seconds}</td>
                    <td class="num">{format::grouped(run.requests as f64, 0)}</td>
                    <td>{run.problem}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="History of syncs">
            <table class="table dense">
                <thead><tr>
                    <th scope="col">"When"</th><th scope="col">"What"</th><th scope="col">"State"</th>
                    <th scope="col" class="num">"Took"</th><th scope="col" class="num">"Requests"</th><th scope="col">"Problem"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// How much of the tenant's hour is used, and which part of the rest a sync takes.
fn requests(datasource: &Datasource, now: DateTime<Utc>) -> impl IntoView + use<> {
    let share = datasource.share_percent;
    match datasource.hour {
        Some(hour) => {
            let number = |requests: u64| format::grouped(requests as f64, 0);
            let used = format!(
                "{} of {} used in an hour by all integrations",
                number(hour.used),
                number(hour.limit)
            );
            view! { {used}", "<Age at=Some(hour.at) now=now />{format!("; a sync takes at most {share} % of the rest")} }
                .into_any()
        }
        None => view! { {format!("a sync takes at most {share} % of what is left of the hour")} }.into_any(),
    }
}

/// Name, time zone, web address; credentials; removal.
#[component]
fn Settings(
    datasource: Datasource,
    now: DateTime<Utc>,
    answered: Callback<Posted>,
    removed: Callback<Posted>,
) -> impl IntoView {
    let id = datasource.id;
    let name = datasource.name.clone();
    let requests = requests(&datasource, now);
    view! {
        <section class="section">
            <h2>"Settings"</h2>
            <details>
                <summary>"Name, time zone, schedule and web address"</summary>
                <PostForm to=ChangeDatasource::PATH class="form" answered=answered>
                    <input type="hidden" name="id" value=id.to_string() />
                    <div class="field"><label for="set-name">"Name"</label><input class="input" id="set-name" name="name" value=datasource.name.clone() maxlength="80" autocomplete="off" /></div>
                    <div class="field"><label for="set-zone">"Time zone of the numbers"</label><input class="input" id="set-zone" name="time_zone" value=datasource.time_zone.clone() autocomplete="off" /></div>
                    <div class="field"><label for="set-web">"Autotask’s web address"</label><p class="help" id="set-web-help">"Used to open records. Empty: as Autotask says."</p><input class="input" id="set-web" name="web_url" value=datasource.web_url.clone().unwrap_or_default() autocomplete="off" aria-describedby="set-web-help" /></div>
                    <div class="field"><label for="set-minutes">"Minutes between two syncs"</label><input class="input" id="set-minutes" name="sync_minutes" type="number" inputmode="numeric" min="1" max="1440" required=true value=datasource.sync_minutes.to_string() autocomplete="off" /></div>
                    <div class="field"><label for="set-share">"Share of Autotask’s requests, in percent"</label><p class="help" id="set-share-help">"All integrations of your tenant share the requests of an hour. A sync takes at most this part of those that are left, and goes on later where it stopped."</p><input class="input" id="set-share" name="share_percent" type="number" inputmode="numeric" min="1" max="100" required=true value=datasource.share_percent.to_string() autocomplete="off" aria-describedby="set-share-help" /></div>
                    <div class="actions"><button class="button" type="submit">"Save settings"</button></div>
                </PostForm>
            </details>
            <dl class="facts">
                <dt>"API user"</dt><dd>{datasource.user_name}</dd>
                <dt>"Credentials"</dt>
                <dd>
                    "stored "<Age at=Some(datasource.credentials_at) now=now />", last worked "
                    <Age at=datasource.credentials_worked_at now=now never="never" />" · "
                    <a class="link" href=format!("/data/datasources/{id}/credentials")>"Replace"</a>
                </dd>
                <dt>"API address"</dt><dd>{datasource.api_url}</dd>
                <dt>"Schedule"</dt>
                <dd>{match datasource.sync_minutes {
                    1 => "every minute".to_owned(),
                    minutes => format!("every {minutes} minutes"),
                }}</dd>
                <dt>"Autotask’s requests"</dt>
                <dd>{requests}</dd>
                <dt>"More"</dt>
                <dd class="row">
                    <a class="link" href=format!("/data/datasources/{id}/settings") rel="external">"How numbers are reckoned"</a>
                    <a class="link" href=format!("/data/datasources/{id}/completeness") rel="external">"Completeness and rows set aside"</a>
                    <a class="link" href=format!("/data/datasources/{id}/webhooks") rel="external">"Webhooks"</a>
                </dd>
            </dl>
            <div class="row">
                <PostForm to=SyncNow::PATH answered=answered>
                    <input type="hidden" name="id" value=id.to_string() />
                    <input type="hidden" name="full" value="true" />
                    <button class="button" type="submit">"Read everything again"</button>
                </PostForm>
                <details class="confirm">
                    <summary class="button danger">"Remove datasource"</summary>
                    <PostForm to=RemoveDatasource::PATH plain=format!("/data/datasources/{id}/remove") answered=removed>
                        <input type="hidden" name="id" value=id.to_string() />
                        <p>{format!("This removes “{name}” and its copy of Autotask from Taskgauge. Nothing in Autotask is removed but Taskgauge’s own webhooks.")}</p>
                        <button class="button danger" type="submit">"Remove it"</button>
                    </PostForm>
                </details>
            </div>
        </section>
    }
    .into_any()
}
