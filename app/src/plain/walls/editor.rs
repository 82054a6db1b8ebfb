//! Where a wall is made and changed: one plain form, whose buttons send it and bring it back changed.

use crate::{
    address::of_filters,
    api::{boards::filters_from, sources::Source},
    components::banner::{Banner, Mood},
    plain::frame::frame,
};
use leptos::prelude::*;
use std::sync::Arc;
use taskgauge_model::{
    gauge::FILTERS,
    ids::WallId,
    range::Range,
    wall::{NAME_MAX, SECONDS, STEPS_MAX, Theme, Wall, WallStep},
};
use taskgauge_store::content::Content;
use url::form_urlencoded;

/// Longest address that is taken from the form.
const ADDRESS_MAX: usize = 2_000;

/// Reads the form. What cannot be read is said in a sentence, the first of them.
pub fn read(pairs: &[(String, String)]) -> (Wall, Option<String>) {
    let all = |name: &str| -> Vec<&str> {
        pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.trim()).collect()
    };
    let one = |name: &str| all(name).last().copied().unwrap_or_default();
    let (sources, chosen, seconds) = (all("step.source"), all("step.chosen"), all("step.seconds"));
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
            if let Err(why) = choose(&mut step, chosen.get(place).copied().unwrap_or_default()) {
                problem.get_or_insert(format!("The board at place {}: {why}", place + 1));
            }
            step
        })
        .collect();
    let theme = if one("theme") == "light" { Theme::Light } else { Theme::Dark };
    (Wall { name: one("name").to_owned(), theme, steps }, problem)
}

/// Takes what is chosen on a board from its address, or from the part of it behind the question mark.
///
/// # Errors
/// What of it is not known, as a sentence.
fn choose(step: &mut WallStep, address: &str) -> Result<(), String> {
    if address.len() > ADDRESS_MAX {
        return Err(format!("an address has at most {ADDRESS_MAX} characters."));
    }
    let address = address.split('#').next().unwrap_or_default();
    let query = address.split_once('?').map_or_else(
        || if address.contains('=') { address } else { "" },
        |(path, query)| {
            let board = path.rsplit_once("/dashboards/").map(|(_, board)| board.trim_end_matches('/'));
            if let Some(board) = board.filter(|board| !board.is_empty()) {
                board.clone_into(&mut step.board);
            }
            query
        },
    );
    if query.is_empty() && !address.is_empty() && !address.contains('?') {
        return Err(format!("“{}” is no address of a board.", short(address)));
    }
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    for (name, value) in &pairs {
        let is_known = FILTERS.iter().any(|(filter, _, _)| filter == name);
        match name.as_str() {
            "source" => {
                let source = value.parse().map_err(|_| format!("“{}” is no datasource.", short(value)))?;
                step.source = Some(source);
            }
            "range" if value.is_empty() || value.parse::<Range>().is_ok() => {}
            "range" => return Err(format!("“{}” is no range.", short(value))),
            _ if is_known => {}
            _ => return Err(format!("there is no filter “{}”.", short(name))),
        }
    }
    step.filters = filters_from(pairs);
    Ok(())
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
    /// Whether a board was just added, which is then gone to.
    is_longer: bool,
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
        .map(|(place, step)| entry(place, count, step, is_longer && place + 1 == count, &content, &sources))
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
        <form class="form wall-form" method="post" action=to autocomplete="off">
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
    is_new: bool,
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
                <select class="input" id=format!("{key}-source") name="step.source"><option value="">"The first one"</option>{lost}{options}</select>
            </div>
        }
        .into_any()
    } else {
        let source = step.source.map(|id| id.to_string()).unwrap_or_default();
        view! { <input type="hidden" name="step.source" value=source /> }.into_any()
    };
    let chosen = of_filters(None, &step.filters).trim_start_matches('?').to_owned();
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
                    <select class="input" id=format!("{key}-board") name="step.board" autofocus=is_new>
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
            <div class="field">
                <label for=format!("{key}-chosen")>"Filters"</label>
                <input class="input" id=format!("{key}-chosen") name="step.chosen" value=chosen maxlength=ADDRESS_MAX.to_string()
                    aria-describedby=format!("{key}-help") spellcheck="false" />
                <p class="help" id=format!("{key}-help")>"Choose filters on the board, then paste its address here. Empty shows everything."</p>
            </div>
            <div class="row-actions">
                {(place > 0).then(|| button("up", "Move up"))}
                {(number < count).then(|| button("down", "Move down"))}
                {(count > 1).then(|| button("drop", "Remove"))}
            </div>
        </fieldset>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use taskgauge_model::ids::DatasourceId;

    fn form(chosen: &str) -> Vec<(String, String)> {
        [
            ("name", " Desk "),
            ("theme", "light"),
            ("step.board", "sales"),
            ("step.source", ""),
            ("step.chosen", ""),
            ("step.seconds", "30"),
            ("step.board", "service-ticket-kpis"),
            ("step.source", "2"),
            ("step.chosen", chosen),
            ("step.seconds", "45"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    #[test]
    fn a_form_is_a_wall() {
        let (wall, problem) = read(&form("queue=8&range=last_30d"));
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
    fn an_address_brings_its_board_its_datasource_and_its_filters() {
        for address in [
            "https://gauge.example/dashboards/tech-dashboard?source=7&queue=5&queue=8",
            "/dashboards/tech-dashboard?source=7&queue=5&queue=8#top",
            "?source=7&queue=5&queue=8",
        ] {
            let (wall, problem) = read(&form(address));
            let step = &wall.steps[1];
            assert_eq!((problem, step.source), (None, Some(DatasourceId(7))), "{address}");
            assert_eq!(step.filters.fields["queue"], ["5", "8"]);
            assert_eq!(step.board == "tech-dashboard", address.contains("dashboards"));
        }
    }

    #[test]
    fn what_an_address_cannot_mean_is_said() {
        let long = "x".repeat(3_000);
        for (address, wanted) in [
            ("shoe_size=46", "no filter “shoe_size”"),
            ("range=whenever", "no range"),
            ("source=abc", "no datasource"),
            ("hello", "no address"),
            (&long, "at most 2000"),
        ] {
            let problem = read(&form(address)).1.unwrap();
            assert!(problem.starts_with("The board at place 2: ") && problem.contains(wanted), "{problem}");
        }
    }

    #[test]
    fn buttons_move_add_and_remove() {
        let mut wall = read(&form("")).0;
        assert!(rebuild(&mut wall, "down.0") && rebuild(&mut wall, "add"));
        let boards = |wall: &Wall| wall.steps.iter().map(|step| step.board.clone()).collect::<Vec<_>>();
        assert_eq!(boards(&wall), ["service-ticket-kpis", "sales", ""]);
        assert!(rebuild(&mut wall, "up.2") && rebuild(&mut wall, "up.0") && rebuild(&mut wall, "drop.0"));
        assert_eq!(boards(&wall), ["", "sales"]);
        assert!(!rebuild(&mut wall, "save") && !rebuild(&mut wall, "drop.9") && !rebuild(&mut wall, "x.0"));
    }
}
