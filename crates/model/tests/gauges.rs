//! The shipped gauges and dashboards name only what exists.

use std::collections::HashSet;
use taskgauge_model::{
    catalogue::Catalogue,
    dashboard::GRID_COLUMNS,
    dataset::{ColumnKind, Dataset, DatasetColumn},
    formula::Formula,
    gauge::{ChartKind, FILTERS, Gauge, Layer, Measure, Op, Scalar, Unit},
    range::Range,
    words::MEASURES,
};

const BUCKETS: [&str; 5] = ["hour", "weekday", "day", "week", "month"];

fn gauges() -> &'static [Gauge] {
    &Catalogue::shipped().gauges
}

fn dataset(gauge: &Gauge, layer: &Layer) -> &'static Dataset {
    Catalogue::shipped()
        .dataset(&layer.dataset)
        .unwrap_or_else(|| panic!("{}: there is no dataset {}", gauge.id, layer.dataset))
}

fn column(gauge: &Gauge, layer: &Layer, name: &str) -> &'static DatasetColumn {
    dataset(gauge, layer)
        .column(name)
        .unwrap_or_else(|| panic!("{}: {} has no column {name}", gauge.id, layer.dataset))
}

#[test]
fn ids_are_unique_and_plain() {
    let mut seen = HashSet::new();
    for gauge in gauges() {
        assert!(seen.insert(&gauge.id), "{} is there twice", gauge.id);
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        assert!(gauge.id.bytes().all(plain), "{}", gauge.id);
        assert!(!gauge.title.is_empty() && gauge.about.ends_with('.'), "{}", gauge.id);
        let layers: HashSet<_> = gauge.layers.iter().map(|layer| &layer.id).collect();
        assert_eq!(layers.len(), gauge.layers.len(), "{}: layers of the same id", gauge.id);
        assert!(!gauge.layers.is_empty() && gauge.groups.len() <= 2, "{}", gauge.id);
    }
}

#[test]
fn layers_name_columns_that_exist_and_fit() {
    for gauge in gauges() {
        for layer in &gauge.layers {
            if let Some(measured) = layer.measure.column() {
                let kind = column(gauge, layer, measured).kind;
                let counts = matches!(layer.measure, Measure::Distinct(_));
                assert!(counts || kind.is_numeric(), "{}: {measured} is no number", gauge.id);
            }
            for condition in &layer.conditions {
                let kind = column(gauge, layer, &condition.column).kind;
                let fits = match (&condition.value, condition.op) {
                    (value, Op::Empty | Op::Filled) => *value == Scalar::Nothing,
                    (Scalar::Flag(_), _) => kind == ColumnKind::Flag,
                    (Scalar::Number(_), _) => kind.is_numeric(),
                    (Scalar::Text(_), _) => !kind.is_numeric() && kind != ColumnKind::Flag,
                    (Scalar::List(_), op) => matches!(op, Op::In | Op::NotIn),
                    (Scalar::Nothing, _) => false,
                };
                assert!(fits, "{}: the condition on {} does not fit", gauge.id, condition.column);
            }
            if let Some(date) = &layer.date {
                let kind = column(gauge, layer, date).kind;
                assert!(
                    matches!(kind, ColumnKind::Time | ColumnKind::Date),
                    "{}: {date} is no date",
                    gauge.id
                );
            }
            for (place, group) in gauge.groups.iter().enumerate() {
                let by = layer.by.get(place).unwrap_or(&group.by);
                if BUCKETS.contains(&by.as_str()) {
                    assert!(layer.date.is_some(), "{}: groups by {by} without a date", gauge.id);
                } else {
                    let kind = column(gauge, layer, by).kind;
                    assert!(group.bands.is_empty() || kind.is_numeric(), "{}: bands of {by}", gauge.id);
                    assert!(group.bands.is_sorted(), "{}: bands of {by} fall", gauge.id);
                }
            }
        }
        let has_period = gauge.layers.iter().any(|layer| layer.date.is_some() && layer.range.is_none());
        assert_eq!(gauge.range != Range::Now, has_period, "{}: range and dates disagree", gauge.id);
    }
}

#[test]
fn formulas_use_every_layer_and_nothing_else() {
    for gauge in gauges().iter().filter(|gauge| !gauge.values.is_empty()) {
        let mut used = HashSet::new();
        for value in &gauge.values {
            let formula =
                Formula::parse(&value.formula).unwrap_or_else(|error| panic!("{}: {error}", gauge.id));
            for name in formula.names() {
                let known = name == "months" || gauge.layers.iter().any(|layer| layer.id == name);
                assert!(known, "{}: the formula names {name}", gauge.id);
                used.insert(name.to_owned());
            }
        }
        for layer in &gauge.layers {
            assert!(used.contains(&layer.id), "{}: {} is counted for nothing", gauge.id, layer.id);
        }
    }
}

#[test]
fn targets_are_values_of_their_gauge_but_not_the_first_or_columns_of_its_list() {
    for gauge in gauges() {
        let Some(of) = gauge.target.as_ref().and_then(|target| target.of.as_deref()) else { continue };
        let is_listed = gauge.rows.as_ref().is_some_and(|list| list.columns.iter().any(|name| name == of));
        assert!(is_listed || gauge.values.iter().skip(1).any(|value| value.id == of), "{}: {of}", gauge.id);
    }
}

#[test]
fn shares_of_the_whole_are_percentages_of_groups_and_never_the_first_value() {
    for gauge in gauges() {
        for (place, value) in gauge.values.iter().enumerate().filter(|(_, value)| value.of_total) {
            assert_eq!(value.unit, Some(Unit::Percent), "{}", gauge.id);
            assert!(place > 0 && gauge.groups.len() == 1, "{}", gauge.id);
        }
    }
}

#[test]
fn sentences_of_emptiness_name_layers() {
    for gauge in gauges() {
        let mut rest = gauge.empty.as_deref().unwrap_or_default();
        while let Some((_, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').expect("a closing brace");
            assert!(gauge.layers.iter().any(|layer| layer.id == name), "{}: {name}", gauge.id);
            rest = after;
        }
    }
}

#[test]
fn lists_show_columns_that_exist() {
    for gauge in gauges() {
        let is_list = gauge.chart == ChartKind::Table && gauge.groups.is_empty();
        assert_eq!(gauge.rows.is_some(), is_list, "{}", gauge.id);
        let Some(rows) = &gauge.rows else { continue };
        for name in rows.names() {
            column(gauge, &gauge.layers[0], name);
        }
    }
}

#[test]
fn percentages_are_ratios_with_a_reason_for_emptiness() {
    for gauge in gauges().iter().filter(|gauge| gauge.chart == ChartKind::Percent) {
        assert_eq!(gauge.unit, Unit::Percent, "{}", gauge.id);
        assert!(gauge.empty.is_some(), "{}", gauge.id);
        assert!(gauge.values[0].formula.ends_with("* 100"), "{}", gauge.id);
    }
}

#[test]
fn gauges_of_clients_leave_the_own_company_out() {
    for gauge in gauges().iter().filter(|gauge| gauge.groups.iter().any(|group| group.by == "company")) {
        for layer in &gauge.layers {
            let excluded = layer.conditions.iter().any(|condition| {
                (condition.column == "company_id"
                    && condition.op == Op::IsNot
                    && condition.value == Scalar::Text("0".to_owned()))
                    || (condition.column == "is_client" && condition.value == Scalar::Flag(true))
            });
            assert!(excluded, "{}: {} counts the own company", gauge.id, layer.id);
        }
    }
}

#[test]
fn dashboards_name_gauges_and_fill_their_rows() {
    let known = |id: &str| Catalogue::shipped().gauge(id).is_some();
    for dashboard in &Catalogue::shipped().dashboards {
        let (mut width, mut height) = (0, 0);
        for tile in &dashboard.tiles {
            for id in std::iter::once(&tile.gauge).chain(&tile.or) {
                assert!(known(id), "{}: there is no gauge {id}", dashboard.id);
            }
            if width == 0 {
                height = tile.height;
            }
            assert_eq!(tile.height, height, "{}: {} is of another height", dashboard.id, tile.gauge);
            width += tile.width;
            assert!(width <= GRID_COLUMNS, "{}: the row of {} is too wide", dashboard.id, tile.gauge);
            width %= GRID_COLUMNS;
        }
        assert_eq!(width, 0, "{}: the last row is not full", dashboard.id);
        let shown: HashSet<_> =
            dashboard.tiles.iter().flat_map(|tile| [Some(&tile.gauge), tile.or.as_ref()]).flatten().collect();
        for id in &dashboard.held {
            assert!(known(id) && !shown.contains(id), "{}: {id}", dashboard.id);
        }
    }
}

#[test]
fn the_service_ticket_board_is_laid_out_as_planned() {
    use ChartKind::{Area, Bars, Columns, Heat, Line, Number, Percent, Table};
    let catalogue = Catalogue::shipped();
    let board = catalogue.dashboard("service-ticket-kpis").expect("the board");
    assert_eq!(board.also_known_as.as_deref(), Some("BGS - Service Ticket KPIs"));
    assert_eq!(board.filters, ["range", "queue", "priority", "client"]);
    let laid_out: Vec<_> = board
        .tiles
        .iter()
        .map(|tile| {
            let chart = catalogue.gauge(&tile.gauge).expect("the gauge").chart;
            (tile.gauge.as_str(), tile.or.as_deref(), (tile.width, tile.height), chart)
        })
        .collect();
    assert_eq!(
        laid_out,
        [
            ("open_tickets", None, (2, 2), Number),
            ("new_unassigned", None, (2, 2), Number),
            ("tickets_opened_today", None, (2, 2), Number),
            ("tickets_closed_today", None, (2, 2), Number),
            ("kill_rate_today", None, (2, 2), Percent),
            ("stale_tickets", None, (2, 2), Number),
            ("avg_first_response", None, (3, 2), Number),
            ("avg_resolution", None, (3, 2), Number),
            ("sla_overall_met", None, (3, 2), Percent),
            ("same_day_resolution", None, (3, 2), Percent),
            ("opened_vs_closed_by_day", None, (8, 4), Line),
            ("backlog_age", None, (4, 4), Columns),
            ("open_by_status", None, (4, 4), Bars),
            ("open_by_priority", None, (4, 4), Bars),
            ("open_by_queue", None, (4, 4), Bars),
            ("backlog_trend", None, (6, 4), Area),
            ("response_trend", None, (6, 4), Line),
            ("tickets_by_issue", None, (4, 4), Bars),
            ("sla_by_queue_priority", None, (4, 4), Heat),
            ("open_by_client", None, (4, 4), Bars),
            ("sla_by_client", None, (4, 5), Bars),
            ("tickets_per_endpoint", Some("rhem"), (4, 5), Bars),
            ("oldest_open", None, (4, 5), Table),
        ]
    );
    assert_eq!(
        board.held,
        [
            "kill_rate_mtd",
            "kill_rate_by_day",
            "opened_vs_closed_by_month",
            "tickets_by_source",
            "arrivals_heat",
            "reopened_tickets",
            "open_by_resource",
            "overdue_tickets",
            "waiting_tickets",
            "avg_open_age",
            "avg_resolution_plan",
            "response_by_priority",
            "sla_first_response_met",
            "sla_resolution_met",
            "sla_breached_open",
            "first_touch_resolution",
            "hours_per_ticket",
            "csat_score",
            "tickets_per_client",
        ]
    );
}

/// A board with the ids of its tiles, row by row, and those it holds.
type Planned<'a> = (&'a str, Option<&'a str>, &'a [&'a str], &'a [(u8, u8, &'a [&'a str])], &'a [&'a str]);

#[test]
fn the_other_boards_are_laid_out_as_planned() {
    let boards: [Planned<'_>; 10] = [
        (
            "projects-overview",
            Some("BGS - Projects Overview"),
            &["lead", "client", "project_status"],
            &[
                (3, 2, &["projects_active", "projects_overdue", "projects_over_budget", "tasks_completed"]),
                (8, 5, &["project_budget"]),
                (4, 5, &["projects_by_status"]),
                (6, 5, &["project_progress", "project_cpi"]),
                (6, 5, &["project_hours_week", "tasks_due"]),
                (6, 5, &["phase_status", "project_revenue"]),
            ],
            &[],
        ),
        (
            "sales",
            Some("BGS - Sales"),
            &["range", "owner", "category"],
            &[
                (
                    2,
                    2,
                    &[
                        "pipeline_value",
                        "pipeline_weighted",
                        "won_period",
                        "lost_period",
                        "win_rate",
                        "created_opps",
                    ],
                ),
                (6, 5, &["pipeline_by_stage", "won_trend"]),
                (8, 5, &["closing_soon"]),
                (4, 5, &["overdue_opps"]),
                (4, 4, &["sales_leaderboard", "loss_reasons", "lead_sources"]),
            ],
            &["client_last_contact", "sales_cycle", "quotes_open"],
        ),
        (
            "sales-leaderboard",
            Some("BGS - Sales Leaderboard"),
            &["range"],
            &[
                (3, 2, &["won_period", "pipeline_value", "win_rate", "created_opps"]),
                (6, 7, &["sales_leaderboard", "pipeline_leaderboard"]),
                (12, 4, &["activity_leaderboard"]),
            ],
            &[],
        ),
        (
            "sales-reps",
            Some("BGS - Sales Reps"),
            &["owner"],
            &[
                (
                    2,
                    2,
                    &[
                        "pipeline_value",
                        "pipeline_weighted",
                        "won_period",
                        "lost_period",
                        "win_rate",
                        "sales_cycle",
                    ],
                ),
                (6, 5, &["pipeline_by_stage", "won_trend"]),
                (6, 5, &["closing_soon", "stalled_opps"]),
                (4, 5, &["activity_leaderboard", "overdue_opps", "quotes_open"]),
                (6, 5, &["client_last_contact", "contracts_expiring"]),
            ],
            &[],
        ),
        (
            "tech-dashboard",
            None,
            &["member"],
            &[
                (
                    2,
                    2,
                    &[
                        "open_tickets",
                        "due_today",
                        "overdue_tickets",
                        "stale_tickets",
                        "tickets_closed_today",
                        "hours_today",
                    ],
                ),
                (8, 6, &["my_open_list"]),
                (4, 6, &["sla_at_risk"]),
                (6, 4, &["calls_today", "tasks_due"]),
                (4, 4, &["open_by_status", "open_by_priority", "calls_upcoming"]),
            ],
            &[
                "tickets_opened_today",
                "new_unassigned",
                "stale_list",
                "waiting_tickets",
                "sla_breached_open",
                "calls_overdue",
            ],
        ),
        (
            "resource-scorecard",
            None,
            &["member", "range"],
            &[
                (3, 2, &["utilization", "billable_utilization", "billable_pct", "time_entry_lag"]),
                (
                    3,
                    2,
                    &["tickets_closed_period", "avg_first_response", "avg_resolution", "same_day_resolution"],
                ),
                (8, 4, &["hours_split"]),
                (4, 4, &["hours_by_work_type"]),
                (3, 2, &["first_touch_resolution", "hours_per_ticket", "member_csat", "reopened_tickets"]),
                (8, 6, &["member_time_list"]),
                (4, 6, &["missing_time"]),
            ],
            &[
                "overdue_tickets",
                "sla_first_response_met",
                "sla_resolution_met",
                "hours_today",
                "hours_period",
                "realization",
                "calls_completed",
            ],
        ),
        (
            "service-desk-leaderboard",
            Some("BGS - Service Desk Leaderboard"),
            &["team", "queue", "range"],
            &[
                (3, 2, &["open_tickets", "kill_rate_today", "stale_tickets", "sla_breached_open"]),
                (6, 6, &["closed_leaderboard_today", "hours_leaderboard"]),
                (6, 6, &["closed_leaderboard", "utilization_by_member"]),
                (6, 5, &["sla_at_risk", "stale_list"]),
            ],
            &[
                "tickets_opened_today",
                "tickets_closed_today",
                "opened_vs_closed_by_day",
                "new_unassigned",
                "open_by_queue",
                "open_by_resource",
                "open_by_client",
                "backlog_age",
                "avg_first_response",
                "avg_resolution",
                "sla_overall_met",
                "same_day_resolution",
                "hours_today",
                "utilization",
                "billable_utilization",
                "hours_split",
                "missing_time",
                "member_csat",
                "csat_score",
                "csat_low",
                "calls_load",
                "waiting_no_call",
            ],
        ),
        (
            "client-dashboard-template",
            Some("Client Dashboard Template"),
            &["client", "range"],
            &[
                (
                    2,
                    2,
                    &[
                        "tickets_opened_period",
                        "tickets_closed_period",
                        "open_tickets",
                        "sla_overall_met",
                        "csat_score",
                        "block_hours_left",
                    ],
                ),
                (8, 4, &["opened_vs_closed_by_month"]),
                (4, 4, &["tickets_by_issue"]),
                (4, 4, &["open_by_priority", "tickets_by_source", "top_requesters"]),
                (3, 2, &["avg_first_response", "avg_resolution", "hours_period", "client_contacts"]),
                (6, 4, &["backlog_trend", "csat_trend"]),
                (6, 5, &["oldest_open", "warranty_expiring"]),
            ],
            &[
                "tickets_by_type",
                "open_by_status",
                "waiting_tickets",
                "backlog_age",
                "avg_open_age",
                "response_by_priority",
                "sla_first_response_met",
                "sla_resolution_met",
                "hours_per_ticket",
                "billable_pct",
                "hours_by_work_type",
                "csat_response_rate",
                "csat_low",
                "tickets_per_endpoint",
                "rhem",
                "client_hours",
                "projects_active",
                "project_budget",
                "contracts_expiring",
                "invoiced",
            ],
        ),
        (
            "contracts-finance",
            None,
            &["range", "client", "contract_type"],
            &[
                (3, 4, &["mrr", "invoiced", "unpaid_invoices", "unposted_time"]),
                (6, 5, &["revenue_by_client", "effective_hourly_rate"]),
                (6, 6, &["gross_profit_client", "contract_profitability"]),
                (4, 5, &["mrr_by_client", "contracts_expiring", "block_hours_left"]),
                (3, 4, &["realization", "rhem", "client_hours", "project_revenue"]),
            ],
            &[],
        ),
        (
            "data-health",
            None,
            &[],
            &[
                (8, 6, &["data_freshness"]),
                (4, 6, &["api_budget"]),
                (6, 6, &["count_reconciliation", "permission_gaps"]),
                (12, 5, &["data_quality_exceptions"]),
            ],
            &[],
        ),
    ];
    for (id, known_as, filters, rows, held) in boards {
        let board = Catalogue::shipped().dashboard(id).unwrap_or_else(|| panic!("there is no board {id}"));
        assert_eq!(board.also_known_as.as_deref(), known_as, "{id}");
        assert_eq!(board.filters, filters, "{id}");
        assert_eq!(board.held, held, "{id}");
        assert_eq!(board.wall, id.ends_with("leaderboard"), "{id}");
        let mine = match id {
            "tech-dashboard" => Some("member"),
            "sales-reps" => Some("owner"),
            _ => None,
        };
        assert_eq!(board.mine.as_deref(), mine, "{id}");
        let laid_out: Vec<_> =
            board.tiles.iter().map(|tile| (tile.width, tile.height, tile.gauge.as_str())).collect();
        let planned: Vec<_> = rows
            .iter()
            .flat_map(|(width, height, gauges)| gauges.iter().map(|gauge| (*width, *height, *gauge)))
            .collect();
        assert_eq!(laid_out, planned, "{id}");
    }
}

#[test]
fn boards_offer_filters_that_exist() {
    for board in &Catalogue::shipped().dashboards {
        for filter in &board.filters {
            let known = filter == "range" || FILTERS.iter().any(|(name, _, _)| name == filter);
            assert!(known, "{}: {filter}", board.id);
        }
        if let Some(mine) = &board.mine {
            assert!(board.filters.contains(mine), "{}: {mine}", board.id);
        }
    }
}

#[test]
fn measures_have_one_form_in_files_and_a_name_for_people() {
    for (written, label) in [
        ("\"count\"", "number of rows"),
        ("{\"sum\":\"hours\"}", "sum of hours"),
        ("{\"median\":\"hours\"}", "median of hours"),
        ("{\"p1\":\"hours\"}", "1st percentile of hours"),
        ("{\"p12\":\"hours\"}", "12th percentile of hours"),
        ("{\"p22\":\"hours\"}", "22nd percentile of hours"),
        ("{\"p95\":\"hours\"}", "95th percentile of hours"),
    ] {
        let measure: Measure = serde_json::from_str(written).unwrap();
        assert_eq!(measure.words(None), label);
        assert_eq!(serde_json::to_string(&measure).unwrap(), written);
    }
    for wrong in [
        "\"sum\"",
        "{\"count\":\"hours\"}",
        "{\"p0\":\"hours\"}",
        "{\"p100\":\"hours\"}",
        "{\"mode\":\"hours\"}",
    ] {
        assert!(serde_json::from_str::<Measure>(wrong).is_err(), "{wrong}");
    }
    assert!(MEASURES.iter().all(|name| Measure::named(name, "hours").is_some_and(|it| it.name() == *name)));
}
