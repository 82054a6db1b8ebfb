//! Where a wall is made and changed: one plain form, whose buttons send it and bring it back changed.

use crate::{
    address,
    api::{
        boards::{FilterChoice, answered, filters_from},
        sources::Source,
    },
    components::banner::{Banner, Mood},
    plain::frame::frame,
};
use leptos::prelude::*;
use std::sync::Arc;
use taskgauge_model::{
    gauge::{FILTERS, Filters},
    ids::WallId,
    range::Range,
    wall::{NAME_MAX, SECONDS, STEPS_MAX, Theme, Wall, WallStep},
};
use taskgauge_store::content::Content;
use url::form_urlencoded;

/// Reads the form. What cannot be read is said in a sentence, the first of them.
pub fn read(pairs: &[(String, String)]) -> (Wall, Option<String>) {
    let all = |name: &str| -> Vec<&str> {
        pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.trim()).collect()
    };
    let one = |name: &str| all(name).last().copied().unwrap_or_default();
    let (sources, seconds) = (all("step.source"), all("step.seconds"));
    let mut problem = None;
    let steps = all("step.board")
        .into_iter()
        .take(STEPS_MAX + 1)
        .enumerate()
        .map(|(place, board)| {
            let mut step = WallStep {
                source: sources.get(place).and_then(|id| id.parse().ok()),
                seconds: seconds.get(place).and_then(|text| text.parse().ok()).unwrap_or(0),
                ..WallStep::of(board)
            };
            match chosen(&all(&format!("step.{place}.chosen")).join("&")) {
                Ok(filters) => step.filters = filters,
                Err(why) => drop(problem.get_or_insert(format!("The board at place {}: {why}", place + 1))),
            }
            step
        })
        .collect();
    let theme = if one("theme") == "light" { Theme::Light } else { Theme::Dark };
    (Wall { name: one("name").to_owned(), theme, steps }, problem)
}

/// What is chosen on a board, of the parts of an address that its fields send: `queue=8&range=mtd`.
///
/// # Errors
/// What of it is not known, as a sentence.
fn chosen(query: &str) -> Result<Filters, String> {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    for (name, value) in &pairs {
        let is_known = FILTERS.iter().any(|(filter, _, _)| filter == name);
        match name.as_str() {
            "range" if value.is_empty() || value.parse::<Range>().is_ok() => {}
            "range" => return Err(format!("“{}” is no range.", short(value))),
            _ if is_known => {}
            _ => return Err(format!("there is no filter “{}”.", short(name))),
        }
    }
    Ok(filters_from(pairs))
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Changes the form as a button says: `add`, `up.2`, `down.0`, `drop.1`. Whether it was one of those.
pub fn rebuild(wall: &mut Wall, what: &str) -> bool {
    if what == "add" {
        wall.steps.push(WallStep::of(""));
        return true;
    }
    let Some((verb, at)) = what.split_once('.') else { return false };
    let Some(at) = at.parse().ok().filter(|at| *at < wall.steps.len()) else { return false };
    match verb {
        "up" if at > 0 => wall.steps.swap(at, at - 1),
        "down" if at + 1 < wall.steps.len() => wall.steps.swap(at, at + 1),
        "up" | "down" => {}
        "drop" => drop(wall.steps.remove(at)),
        _ => return false,
    }
    true
}

/// The board of the rotation whose filters a button asks for: `filters.2`.
pub fn filters_asked(what: &str) -> Option<usize> {
    what.strip_prefix("filters.")?.parse().ok()
}

/// Names of the filters that a board of the rotation has fields for: those that it offers, and what is chosen besides.
pub fn filter_names(step: &WallStep, content: &Content) -> Vec<String> {
    let offered = content.dashboard(&step.board).map(|entry| entry.value.filters.as_slice());
    answered::filter_names(offered.unwrap_or_default(), &step.filters)
}

/// The page where a wall is made or changed.
#[component]
pub fn WallEditor(
    /// Who is signed in.
    email: String,
    /// The wall there is; `None` for a new one.
    id: Option<WallId>,
    /// What was typed so far.
    wall: Wall,
    /// The version it was made from.
    version: i64,
    /// Why it was not saved.
    problem: Option<String>,
    /// The board of the rotation that is gone to: it was just added, or chosen.
    goes_to: Option<usize>,
    /// What the filters of each board of the rotation offer ([`filter_names`]).
    offered: Vec<Vec<FilterChoice>>,
    /// All boards, to choose from.
    content: Arc<Content>,
    /// All datasources, to choose from.
    sources: Vec<Source>,
) -> impl IntoView {
    let (to, heading) = match id {
        None => ("/walls/new".to_owned(), "New wall".to_owned()),
        Some(id) => (format!("/walls/{id}/edit"), format!("Edit “{}”", wall.name)),
    };
    let count = wall.steps.len();
    let steps: Vec<_> = wall
        .steps
        .iter()
        .enumerate()
        .map(|(place, step)| {
            let offered = offered.get(place).map(Vec::as_slice).unwrap_or_default();
            entry(place, count, step, goes_to == Some(place), offered, &content, &sources)
        })
        .collect();
    let themes: Vec<_> = [("dark", "Dark", Theme::Dark), ("light", "Light", Theme::Light)]
        .into_iter()
        .map(|(value, label, theme)| view! { <option value=value selected=theme == wall.theme>{label}</option> })
        .collect();
    let can_add = count < STEPS_MAX;
    let page = view! {
        <p class="crumbs"><a class="link" href="/walls">"Walls"</a></p>
        <header class="page-head"><div><h1>{heading}</h1></div></header>
        {problem.map(|problem| view! { <Banner mood=Mood::Bad title="It was not saved"><p>{problem}</p></Banner> })}
        <form class="form wall-form" method="post" action=to data-wall="" autocomplete="off">
            // The first button is the one that Enter presses.
            <button class="visually-hidden" type="submit" name="do" value="save" tabindex="-1" aria-hidden="true"></button>
            <input type="hidden" name="version" value=version.to_string() />
            <div class="field">
                <label for="name">"Name"</label>
                <input class="input" id="name" name="name" value=wall.name.clone() maxlength=NAME_MAX.to_string() required=true />
            </div>
            <div class="field">
                <label for="theme">"Looks"</label>
                <select class="input" id="theme" name="theme">{themes}</select>
            </div>
            <h2>"Boards, in turn"</h2>
            <p class="help">"A board that is too tall for a screen is shown in parts, which share its time."</p>
            {steps}
            <div class="actions">
                {can_add.then(|| view! { <button class="button" type="submit" name="do" value="add" formnovalidate=true>"Add board"</button> })}
            </div>
            <div class="actions">
                <button class="button primary" type="submit" name="do" value="save">"Save wall"</button>
                <a class="button quiet" href="/walls">"Cancel"</a>
            </div>
        </form>
    };
    frame(email, "/walls", page.into_any())
}

/// A board of the rotation and its fields.
fn entry(
    place: usize,
    count: usize,
    step: &WallStep,
    is_gone_to: bool,
    offered: &[FilterChoice],
    content: &Content,
    sources: &[Source],
) -> AnyView {
    let number = place + 1;
    let key = format!("step-{place}");
    let is_there = content.dashboard(&step.board).is_some_and(|entry| !entry.is_removed);
    let gone = (!is_there && !step.board.is_empty()).then(|| {
        let board = step.board.clone();
        view! { <option value=board.clone() selected=true>{format!("{board} (removed)")}</option> }
    });
    let boards: Vec<_> = content
        .dashboards
        .iter()
        .filter(|entry| !entry.is_removed)
        .map(|entry| {
            let board = &entry.value;
            view! { <option value=board.id.clone() selected=board.id == step.board>{board.title.clone()}</option> }
        })
        .collect();
    let lost = step.source.filter(|id| sources.iter().all(|source| source.id != *id));
    let source_field = if sources.len() > 1 || lost.is_some() {
        let options: Vec<_> = sources
            .iter()
            .map(|source| {
                let is_chosen = step.source == Some(source.id);
                view! { <option value=source.id.to_string() selected=is_chosen>{source.name.clone()}</option> }
            })
            .collect();
        let lost = lost.map(
            |id| view! { <option value=id.to_string() selected=true>{format!("{id} (removed)")}</option> },
        );
        view! {
            <div class="field">
                <label for=format!("{key}-source")>"Datasource"</label>
                <select class="input" id=format!("{key}-source") name="step.source" data-filters=place.to_string()><option value="">"The first one"</option>{lost}{options}</select>
            </div>
        }
        .into_any()
    } else {
        let source = step.source.map(|id| id.to_string()).unwrap_or_default();
        view! { <input type="hidden" name="step.source" value=source /> }.into_any()
    };
    let button = |verb: &'static str, label: &'static str| {
        view! {
            <button class="button quiet small" type="submit" name="do" value=format!("{verb}.{place}") formnovalidate=true>
                {label}<span class="visually-hidden">{format!(": board {number}")}</span>
            </button>
        }
    };
    view! {
        <fieldset class="builder-part">
            <legend>{format!("Board {number}")}</legend>
            <div class="builder-row">
                <div class="field">
                    <label for=format!("{key}-board")>"Board"</label>
                    <select class="input" id=format!("{key}-board") name="step.board" autofocus=is_gone_to data-filters=place.to_string()>
                        <option value="">"Choose"</option>{gone}{boards}
                    </select>
                </div>
                <div class="field">
                    <label for=format!("{key}-seconds")>"Seconds"</label>
                    <input class="input" id=format!("{key}-seconds") name="step.seconds" type="number" required=true
                        min=SECONDS.start().to_string() max=SECONDS.end().to_string() value=step.seconds.to_string() />
                </div>
                {source_field}
            </div>
            {filters(place, step, offered, content)}
            <div class="row-actions">
                {(place > 0).then(|| button("up", "Move up"))}
                {(number < count).then(|| button("down", "Move down"))}
                {(count > 1).then(|| button("drop", "Remove"))}
            </div>
        </fieldset>
    }
    .into_any()
}

/// The filters of a board of the rotation: the part of the form that comes back when another board is chosen.
///
/// Each field sends a part of an address, so that several values of a filter, which boards take from addresses, stay.
pub fn filters(place: usize, step: &WallStep, offered: &[FilterChoice], content: &Content) -> AnyView {
    let key = format!("step-{place}");
    let fields: Vec<_> = filter_names(step, content)
        .into_iter()
        .map(|name| {
            let choices =
                offered.iter().find(|choice| choice.name == name).map(|choice| choice.choices.as_slice());
            field(place, &name, step, choices.unwrap_or_default())
        })
        .collect();
    let fields = if fields.is_empty() {
        let why = if step.board.is_empty() {
            "Choose a board to see its filters."
        } else {
            "This board has no filters."
        };
        view! { <p class="help">{why}</p> }.into_any()
    } else {
        view! { <div class="builder-row">{fields}</div> }.into_any()
    };
    view! {
        <div class="wall-filters" id=format!("{key}-filters")>
            {fields}
            // A script sees the choice of a board, and needs no button.
            <noscript>
                <button class="button small" type="submit" name="do" value=format!("filters.{place}") formnovalidate=true>
                    "Show its filters"<span class="visually-hidden">{format!(": board {}", place + 1)}</span>
                </button>
            </noscript>
        </div>
    }
    .into_any()
}

/// A filter with what it offers and what is chosen, which may not be offered any more.
fn field(place: usize, name: &str, step: &WallStep, choices: &[(String, String)]) -> AnyView {
    let (label, all, values) = if name == "range" {
        ("Range", "Each tile’s own", step.filters.range.iter().map(Range::to_string).collect())
    } else {
        let label =
            FILTERS.iter().find(|(filter, _, _)| *filter == name).map_or("Filter", |(_, label, _)| *label);
        (label, "All", step.filters.fields.get(name).cloned().unwrap_or_default())
    };
    let sent = |values: &[&str]| {
        let pairs = values.iter().map(|value| (name, *value));
        address::query(pairs).trim_start_matches('?').to_owned()
    };
    let chosen = sent(&values.iter().map(String::as_str).collect::<Vec<_>>());
    let said = |value: &String| {
        choices.iter().find(|(id, _)| id == value).map_or_else(|| value.clone(), |(_, label)| label.clone())
    };
    let is_offered = chosen.is_empty() || choices.iter().any(|(id, _)| sent(&[id]) == chosen);
    let other = (!is_offered).then(|| {
        let said = values.iter().map(said).collect::<Vec<_>>().join(", ");
        view! { <option value=chosen.clone() selected=true>{said}</option> }
    });
    let options: Vec<_> = choices
        .iter()
        .map(|(id, label)| {
            let value = sent(&[id]);
            let is_chosen = value == chosen;
            view! { <option value=value selected=is_chosen>{label.clone()}</option> }
        })
        .collect();
    let id = format!("step-{place}-{name}");
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select class="input" id=id name=format!("step.{place}.chosen")><option value="">{all}</option>{other}{options}</select>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use taskgauge_model::ids::DatasourceId;

    fn form(chosen: &[&str]) -> Vec<(String, String)> {
        let fields = [
            ("name", " Desk "),
            ("theme", "light"),
            ("step.board", "sales"),
            ("step.source", ""),
            ("step.0.chosen", ""),
            ("step.seconds", "30"),
            ("step.board", "service-ticket-kpis"),
            ("step.source", "2"),
            ("step.seconds", "45"),
        ];
        let chosen = chosen.iter().map(|part| ("step.1.chosen", *part));
        fields.into_iter().chain(chosen).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn a_form_is_a_wall() {
        let (wall, problem) = read(&form(&["queue=8", "", "range=last_30d"]));
        assert_eq!(problem, None);
        assert_eq!((wall.name.as_str(), wall.theme, wall.steps.len()), ("Desk", Theme::Light, 2));
        assert_eq!(wall.steps[0], WallStep { seconds: 30, ..WallStep::of("sales") });
        let step = &wall.steps[1];
        assert_eq!((step.source, step.seconds), (Some(DatasourceId(2)), 45));
        assert_eq!(step.filters.range, Some(Range::Last(30)));
        assert_eq!(step.filters.fields["queue"], ["8"]);
        assert_eq!(wall.check(), Ok(()));
    }

    #[test]
    fn fields_send_what_they_show() {
        let fields = std::collections::BTreeMap::from([
            ("queue".to_owned(), vec!["5".to_owned(), "8".to_owned()]),
            ("client".to_owned(), vec!["a&b ü".to_owned()]),
        ]);
        let filters = Filters { range: Some(Range::Last(30)), fields };
        let step = WallStep { filters: filters.clone(), ..WallStep::of("sales") };
        let choices = [("5".to_owned(), "Level 1".to_owned()), ("8".to_owned(), "Level 2".to_owned())];
        let mut sent = Vec::new();
        for name in ["range", "queue", "client"] {
            let html = field(0, name, &step, &choices).to_html().replace("&amp;", "&");
            let chosen = html.split("<option value=\"").find(|option| option.contains(" selected")).unwrap();
            sent.push(chosen.split('"').next().unwrap().to_owned());
            assert!(name != "queue" || chosen.contains("Level 1, Level 2"), "{chosen}");
        }
        assert_eq!(chosen(&sent.join("&")), Ok(filters));
    }

    #[test]
    fn a_field_stays_for_what_is_chosen_and_not_offered() {
        let content = Content { version: 1, gauges: Vec::new(), dashboards: Vec::new() };
        let mut step = WallStep::of("sales");
        assert!(filter_names(&step, &content).is_empty());
        step.filters = chosen("range=mtd&queue=8&client=").unwrap();
        assert_eq!(filter_names(&step, &content), ["range", "queue"]);
    }

    #[test]
    fn what_a_field_cannot_mean_is_said() {
        for (sent, wanted) in [("shoe_size=46", "no filter “shoe_size”"), ("range=whenever", "no range")]
        {
            let problem = read(&form(&[sent])).1.unwrap();
            assert!(problem.starts_with("The board at place 2: ") && problem.contains(wanted), "{problem}");
        }
    }

    #[test]
    fn buttons_move_add_and_remove() {
        let mut wall = read(&form(&["queue=8"])).0;
        assert!(rebuild(&mut wall, "down.0") && rebuild(&mut wall, "add"));
        assert_eq!(wall.steps[0].filters.fields["queue"], ["8"], "what is chosen goes with the board");
        let boards = |wall: &Wall| wall.steps.iter().map(|step| step.board.clone()).collect::<Vec<_>>();
        assert_eq!(boards(&wall), ["service-ticket-kpis", "sales", ""]);
        assert!(rebuild(&mut wall, "up.2") && rebuild(&mut wall, "up.0") && rebuild(&mut wall, "drop.0"));
        assert_eq!(boards(&wall), ["", "sales"]);
        assert!(!rebuild(&mut wall, "save") && !rebuild(&mut wall, "drop.9") && !rebuild(&mut wall, "x.0"));
        assert_eq!((filters_asked("filters.1"), filters_asked("up.1")), (Some(1), None));
    }
}
