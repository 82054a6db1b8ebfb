//! What can be made and changed, and what it may look like.

use super::{Content, Entry, ID_MAX, RESERVED};
use crate::{StoreError, gauges::check};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::HashMap;
use taskgauge_model::{
    catalogue::Catalogue,
    dashboard::{Dashboard, GRID_COLUMNS, HEIGHT_MAX, TILES_MAX},
    gauge::{FILTERS, Gauge},
};

/// Longest description, in characters.
const ABOUT_MAX: usize = 1_000;
/// Most tiles of a dashboard with the same gauge.
const TIMES_MAX: usize = 4;

/// What can be made and changed: a gauge or a dashboard.
pub trait Piece: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync + 'static {
    /// Its kind, as it is stored.
    const KIND: &'static str;
    /// What people call it.
    const NOUN: &'static str;
    /// Its id.
    fn id(&self) -> &str;
    /// Its title.
    fn title(&self) -> &str;
    /// What ships.
    fn shipped() -> &'static [Self];
    /// All there are.
    fn of(content: &Content) -> &[Entry<Self>];
    /// What is wrong with it.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] with a sentence that says what to change.
    fn check(&self) -> Result<(), StoreError>;
    /// As [`Piece::check`], and whether it may be written so: rules that came later do not take away what is stored.
    ///
    /// # Errors
    /// As [`Piece::check`].
    fn check_written(&self) -> Result<(), StoreError> {
        self.check()
    }
    /// Whether what ships can be removed.
    const IS_HIDEABLE: bool;
}

impl Piece for Gauge {
    const KIND: &'static str = "gauge";
    const NOUN: &'static str = "gauge";
    const IS_HIDEABLE: bool = false;

    fn id(&self) -> &str {
        &self.id
    }

    fn title(&self) -> &str {
        &self.title
    }

    fn shipped() -> &'static [Self] {
        &Catalogue::shipped().gauges
    }

    fn of(content: &Content) -> &[Entry<Self>] {
        &content.gauges
    }

    fn check(&self) -> Result<(), StoreError> {
        check_id(&self.id)?;
        check::check(self)
    }

    fn check_written(&self) -> Result<(), StoreError> {
        check_id(&self.id)?;
        check::check_written(self)
    }
}

impl Piece for Dashboard {
    const KIND: &'static str = "dashboard";
    const NOUN: &'static str = "dashboard";
    const IS_HIDEABLE: bool = true;

    fn id(&self) -> &str {
        &self.id
    }

    fn title(&self) -> &str {
        &self.title
    }

    fn shipped() -> &'static [Self] {
        &Catalogue::shipped().dashboards
    }

    fn of(content: &Content) -> &[Entry<Self>] {
        &content.dashboards
    }

    fn check(&self) -> Result<(), StoreError> {
        let invalid = |what: String| Err(StoreError::Invalid(what));
        check_id(&self.id)?;
        check::text("The title", &self.title, 1, check::TITLE_MAX)?;
        check::text("The description", &self.about, 0, ABOUT_MAX)?;
        check::text(
            "The other name",
            self.also_known_as.as_deref().unwrap_or_default(),
            0,
            check::TITLE_MAX,
        )?;
        if self.tiles.len() > TILES_MAX || self.held.len() > TILES_MAX {
            return invalid(format!("A dashboard shows at most {TILES_MAX} tiles."));
        }
        for tile in &self.tiles {
            if !(1..=GRID_COLUMNS).contains(&tile.width) || !(1..=HEIGHT_MAX).contains(&tile.height) {
                return invalid(format!(
                    "The tile “{}” takes 1 to {GRID_COLUMNS} columns and 1 to {HEIGHT_MAX} rows.",
                    tile.gauge.chars().take(ID_MAX).collect::<String>()
                ));
            }
        }
        let known = |name: &str| name == "range" || FILTERS.iter().any(|(filter, _, _)| *filter == name);
        if let Some(unknown) = self.filters.iter().find(|name| !known(name)) {
            return invalid(format!(
                "There is no filter “{}”.",
                unknown.chars().take(ID_MAX).collect::<String>()
            ));
        }
        let is_twice = |at: usize, name: &String| self.filters[..at].contains(name);
        if self.filters.iter().enumerate().any(|(at, name)| is_twice(at, name)) {
            return invalid("Each filter stands on a dashboard once.".to_owned());
        }
        let gauges = self.tiles.iter().flat_map(|tile| std::iter::once(&tile.gauge).chain(&tile.or));
        let mut times = HashMap::new();
        for gauge in gauges {
            check_id(gauge)?;
            let times = times.entry(gauge).or_insert(0_usize);
            *times += 1;
            if *times > TIMES_MAX {
                return invalid(format!("A dashboard shows a gauge {TIMES_MAX} times at most."));
            }
        }
        for gauge in &self.held {
            check_id(gauge)?;
        }
        if self.mine.as_ref().is_some_and(|mine| !self.filters.contains(mine)) {
            return invalid(
                "The filter that is set to the signed-in person is one of the board’s.".to_owned(),
            );
        }
        Ok(())
    }
}

fn check_id(id: &str) -> Result<(), StoreError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if RESERVED.contains(&id) {
        return Err(StoreError::Invalid(format!("“{id}” is the address of a form. Choose another name.")));
    }
    if (1..=ID_MAX).contains(&id.len()) && id.chars().all(allowed) && id.starts_with(|c: char| c != '-') {
        return Ok(());
    }
    Err(StoreError::Invalid(format!(
        "A name in addresses has 1 to {ID_MAX} small letters, digits, “-” and “_”."
    )))
}
