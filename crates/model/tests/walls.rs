//! Which board a wall shows when.

#![expect(clippy::unwrap_used, reason = "a failed expectation ends the test")]

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use taskgauge_model::{
    gauge::Filters,
    wall::{Theme, Wall, WallStep},
};

fn wall(seconds: &[u32]) -> Wall {
    let steps = seconds
        .iter()
        .enumerate()
        .map(|(place, seconds)| WallStep { seconds: *seconds, ..WallStep::of(format!("board-{place}")) });
    Wall { name: "Service desk".into(), theme: Theme::Dark, steps: steps.collect() }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The boards over a time, sampled every 250 ms: place and milliseconds in a row.
fn seen(wall: &Wall, from: DateTime<Utc>, seconds: i64) -> Vec<(usize, i64)> {
    let mut seen: Vec<(usize, i64)> = Vec::new();
    for quarter in 0..seconds * 4 {
        let (_, turn) = wall.step_at(from + TimeDelta::milliseconds(quarter * 250)).unwrap();
        match seen.last_mut().filter(|last| last.0 == turn.place) {
            Some(last) => last.1 += 250,
            None => seen.push((turn.place, 250)),
        }
    }
    seen
}

#[test]
fn boards_follow_each_other_in_order_for_as_long_as_each_says() {
    let wall = wall(&[10, 17, 61]);
    // From the beginning of a round on.
    let (_, turn) = wall.step_at(at("2026-11-25T10:00:00Z")).unwrap();
    let (_, next) = wall.step_at(turn.until).unwrap();
    assert_eq!((next.since, next.place), (turn.until, (turn.place + 1) % 3), "no gap between two");
    let from = DateTime::from_timestamp(88 * 20_000_000, 0).unwrap();
    assert_eq!(
        seen(&wall, from, 88 * 2),
        [(0, 10_000), (1, 17_000), (2, 61_000), (0, 10_000), (1, 17_000), (2, 61_000)]
    );
}

#[test]
fn the_clock_alone_decides() {
    let one = wall(&[13, 29, 3_600, 11]);
    let mut instant = at("2026-03-07T23:00:00Z");
    while instant < at("2026-03-09T23:00:00Z") {
        // Another process that starts now has the same wall from the database and nothing else.
        let other: Wall = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
        let (step, turn) = one.step_at(instant).unwrap();
        assert_eq!(other.step_at(instant).unwrap(), (step, turn));
        assert!(turn.since <= instant && instant < turn.until);
        assert_eq!((turn.until - turn.since).num_seconds(), i64::from(step.seconds));
        instant += TimeDelta::milliseconds(7_919);
    }
}

#[test]
fn a_change_of_clocks_changes_nothing() {
    // New York goes from 02:00 to 03:00 on 8 March 2026 at 07:00 UTC: each board keeps its time across it.
    let wall = wall(&[20, 40]);
    let lengths = seen(&wall, at("2026-03-08T06:50:00Z"), 1_200);
    for (place, milliseconds) in &lengths[1..lengths.len() - 1] {
        assert_eq!(*milliseconds, if *place == 0 { 20_000 } else { 40_000 });
    }
}

#[test]
fn long_before_and_after_our_time_there_is_a_board_too() {
    let wall = wall(&[10, 3_600]);
    for instant in ["1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00Z", "2999-12-31T23:59:59Z"] {
        let (_, turn) = wall.step_at(at(instant)).unwrap();
        assert!(turn.since <= at(instant) && at(instant) < turn.until, "{instant}");
    }
    assert!(self::wall(&[]).step_at(at("2026-01-01T00:00:00Z")).is_none());
}

#[test]
fn a_tall_board_is_shown_screen_by_screen() {
    let wall = wall(&[60]);
    let shown = |screenfuls: usize, second: i64| {
        let instant = at("2026-11-25T10:00:00Z") + TimeDelta::seconds(second);
        let (_, turn) = wall.step_at(instant).unwrap();
        let (number, until) = turn.screenful_at(instant, screenfuls);
        (number, (until - instant).num_seconds())
    };
    assert_eq!([shown(1, 0), shown(1, 59)], [(0, 60), (0, 1)]);
    assert_eq!([shown(3, 0).1, shown(3, 19).1, shown(3, 20).1, shown(3, 59).1], [20, 1, 20, 1]);
    let mut in_order: Vec<usize> = (0..3).map(|third| shown(3, third * 20).0).collect();
    in_order.sort_unstable();
    assert_eq!(in_order, [0, 1, 2]);
}

#[test]
fn what_a_short_turn_cannot_show_comes_in_the_next_rounds() {
    let wall = wall(&[20, 10]);
    let mut seen = Vec::new();
    let mut instant = DateTime::from_timestamp(30 * 50_000_000, 0).unwrap();
    let end = instant + TimeDelta::seconds(30 * 6);
    while instant < end {
        let (_, turn) = wall.step_at(instant).unwrap();
        let (number, until) = turn.screenful_at(instant, 5);
        assert!((until - instant).num_seconds() >= 10, "long enough to read");
        assert!(until <= turn.until && until > instant);
        if turn.place == 0 {
            seen.push(number);
        }
        instant = until;
    }
    assert_eq!(seen.len(), 12);
    for pair in seen.windows(2) {
        assert_eq!((pair[0] + 1) % 5, pair[1], "{seen:?}");
    }
}

#[test]
fn screenfuls_of_odd_lengths_follow_without_a_gap() {
    let wall = wall(&[61, 31]);
    let mut instant = at("2026-11-25T10:00:00Z");
    let mut last = None;
    for _ in 0..1_000 {
        let (_, turn) = wall.step_at(instant).unwrap();
        let (number, until) = turn.screenful_at(instant, 7);
        assert!(until > instant, "time goes on");
        assert_ne!(last, Some((turn, number)), "the next one has begun when its time has come");
        last = Some((turn, number));
        instant = until;
    }
}

#[test]
fn what_makes_no_sense_is_said() {
    let good = wall(&[60]);
    assert_eq!(good.check(), Ok(()));
    let mut many = BTreeMap::new();
    many.insert("queue".to_owned(), vec!["x".repeat(300); 10]);
    let crowded = WallStep { filters: Filters { range: None, fields: many }, ..WallStep::of("a") };
    for (wall, wanted) in [
        (Wall { name: "  ".into(), ..good.clone() }, "name"),
        (Wall { name: "a\nb".into(), ..good.clone() }, "one line"),
        (Wall { name: "x".repeat(101), ..good.clone() }, "100"),
        (wall(&[]), "at least one"),
        (wall(&[60; 31]), "at most 30"),
        (wall(&[60, 9]), "place 2"),
        (wall(&[3_601]), "place 1"),
        (wall(&[0]), "10 seconds"),
        (Wall::single("A", WallStep::of("")), "Choose the board"),
        (Wall::single("A", crowded), "Fewer values"),
    ] {
        let said = wall.check().unwrap_err();
        assert!(said.contains(wanted) && said.ends_with('.'), "{said}");
    }
    assert_eq!(wall(&[60; 30]).check(), Ok(()));
}
