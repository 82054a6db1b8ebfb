//! Walls: rotations of boards for screens that nobody touches.
//!
//! Which board a wall shows follows from the clock alone. All screens of a wall therefore show the same, whichever
//! process answers them, and a restart goes on at the same place: there is nothing to remember.

use crate::{gauge::Filters, ids::DatasourceId};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Longest name, in characters.
pub const NAME_MAX: usize = 100;
/// Most boards of a wall.
pub const STEPS_MAX: usize = 30;
/// Fewest and most seconds that a board is shown.
pub const SECONDS: std::ops::RangeInclusive<u32> = 10..=3_600;
/// What a board is shown for unless somebody says otherwise.
pub const SECONDS_USUAL: u32 = 60;
/// A part of a board is shown no shorter than this; what does not fit then has its turn in the next round.
const SCREENFUL_SECONDS: u32 = 10;
/// Longest text of the values that are chosen for one board.
const FILTERS_MAX: usize = 2_000;

/// A rotation of boards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wall {
    /// What it is called.
    pub name: String,
    /// How it looks.
    #[serde(default)]
    pub theme: Theme,
    /// Its boards, in order.
    pub steps: Vec<WallStep>,
}

/// How a wall looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Light on dark: it does not glare in a room.
    #[default]
    Dark,
    /// Dark on light.
    Light,
}

/// A board of a rotation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WallStep {
    /// Id of the dashboard.
    pub board: String,
    /// The datasource; the first one where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<DatasourceId>,
    /// What is chosen on the board.
    #[serde(default)]
    pub filters: Filters,
    /// How long it is shown.
    pub seconds: u32,
}

impl WallStep {
    /// A board as it is, shown for the usual time.
    pub fn of(board: impl Into<String>) -> WallStep {
        WallStep { board: board.into(), source: None, filters: Filters::default(), seconds: SECONDS_USUAL }
    }
}

/// The turn of a board: from when to when it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Its place in the rotation, counted from 0.
    pub place: usize,
    /// How often the rotation went round before.
    pub round: i64,
    /// When it began.
    pub since: DateTime<Utc>,
    /// When the next one begins.
    pub until: DateTime<Utc>,
}

impl Wall {
    /// A wall with one board, to have it on a screen without a rotation.
    pub fn single(name: impl Into<String>, step: WallStep) -> Wall {
        Wall { name: name.into(), theme: Theme::Dark, steps: vec![step] }
    }

    /// What is wrong with it, as a sentence that says what to change.
    ///
    /// # Errors
    /// That sentence.
    pub fn check(&self) -> Result<(), String> {
        let name = self.name.trim().chars().count();
        if !(1..=NAME_MAX).contains(&name) || self.name.chars().any(char::is_control) {
            return Err(format!("Give the wall a name of 1 to {NAME_MAX} characters, in one line."));
        }
        if self.steps.is_empty() {
            return Err("Add at least one board.".to_owned());
        }
        if self.steps.len() > STEPS_MAX {
            return Err(format!(
                "A wall shows at most {STEPS_MAX} boards. Make a second wall for the others."
            ));
        }
        for (place, step) in self.steps.iter().enumerate() {
            let number = place + 1;
            if step.board.is_empty() {
                return Err(format!("Choose the board at place {number}."));
            }
            if !SECONDS.contains(&step.seconds) {
                return Err(format!(
                    "The board at place {number} is shown for {} seconds to an hour (3600).",
                    SECONDS.start()
                ));
            }
            let chosen =
                step.filters.fields.iter().flat_map(|(name, values)| std::iter::once(name).chain(values));
            if chosen.map(String::len).sum::<usize>() > FILTERS_MAX {
                return Err(format!("Fewer values can be chosen for the board at place {number}."));
            }
        }
        Ok(())
    }

    /// The board that is shown at an instant; `None` where the wall has none.
    pub fn step_at(&self, at: DateTime<Utc>) -> Option<(&WallStep, Turn)> {
        let lengths = || self.steps.iter().map(|step| i64::from(step.seconds.max(1)) * 1_000);
        let whole: i64 = lengths().sum();
        if whole == 0 {
            return None;
        }
        let (round, within) =
            (at.timestamp_millis().div_euclid(whole), at.timestamp_millis().rem_euclid(whole));
        let mut begin = 0;
        for (place, length) in lengths().enumerate() {
            if within < begin + length {
                let since = DateTime::from_timestamp_millis(round * whole + begin)?;
                let until = since + TimeDelta::milliseconds(length);
                return Some((&self.steps[place], Turn { place, round, since, until }));
            }
            begin += length;
        }
        None
    }
}

impl Turn {
    /// Which of so many screenfuls of the board is shown at an instant of this turn, and until when. Each one is
    /// shown equally long, and no shorter than can be read: where the turn is too short for all, the others follow in
    /// the next round.
    pub fn screenful_at(&self, at: DateTime<Utc>, screenfuls: usize) -> (usize, DateTime<Utc>) {
        let all = i64::try_from(screenfuls.max(1)).unwrap_or(i64::MAX);
        let length = (self.until - self.since).num_milliseconds();
        let shown = (length / (i64::from(SCREENFUL_SECONDS) * 1_000)).clamp(1, all);
        let slot = ((at - self.since).num_milliseconds().max(0) * shown / length.max(1)).min(shown - 1);
        let number = (self.round.wrapping_mul(shown) + slot).rem_euclid(all);
        // Rounded up, so that the slot has begun when its time has come.
        let end = ((slot + 1) * length + shown - 1) / shown;
        (usize::try_from(number).unwrap_or(0), self.since + TimeDelta::milliseconds(end))
    }
}
