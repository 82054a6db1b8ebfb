//! The SQL statement that answers a plan, or what of it is not kept by days or as levels.
//!
//! Each layer is an aggregate over `dataset.<slug>`; all of them are `union all`-ed as
//! `(layer, period, level, k1, l1, o1, k2, l2, o2, value, rows)`. Totals are groupings of their own (`grouping sets`),
//! because averages, medians and shares of groups do not add up. Identifiers come from declarations and are quoted;
//! every value is bound.

use super::{
    bucket::Bucket,
    invalid,
    plan::{Cut, Key, Plan, PlanLayer, Within, column},
};
use crate::{Scope, StoreError};
use chrono::{DateTime, NaiveDate, Utc, Weekday};
use chrono_tz::Tz;
use sqlx::{Postgres, QueryBuilder};
use taskgauge_model::{
    dataset::{ColumnKind, Dataset, DatasetColumn},
    gauge::{Condition, Measure, Op, Scalar},
    ids::DatasourceId,
    range::Window,
};

/// Most groups read per layer.
pub(super) const GROUPS_MAX: usize = 10_000;

/// A row of the statement.
pub(super) type Row = (
    i32,            // layer
    i32,            // period: 0 this, 1 the one before
    i32,            // level, see below
    String,         // first key
    Option<String>, // first label
    Option<f64>,    // first order
    String,         // second key
    Option<String>, // second label
    Option<f64>,    // second order
    Option<f64>,    // value
    i64,            // rows
);

/// Levels of grouping, as Postgres' `grouping(k1, k2)` numbers them; 0 is both keys.
pub(super) mod level {
    /// The first key alone.
    pub const FIRST: i32 = 1;
    /// The second key alone.
    pub const SECOND: i32 = 2;
    /// Everything.
    pub const TOTAL: i32 = 3;
}

/// Who asks for what, in which zone.
pub(crate) struct Asker<'a> {
    pub datasource: DatasourceId,
    pub scope: &'a Scope,
    pub zone: Tz,
    pub week_starts: Weekday,
    /// The local date of the question.
    pub today: NaiveDate,
}

/// The scans of a plan: layers that count the same rows by the same keys are one.
pub(super) fn scans<'a>(plan: &'a Plan<'_>) -> Vec<Scan<'a>> {
    let mut scans: Vec<Scan<'_>> = Vec::new();
    for (at, layer) in plan.layers.iter().enumerate() {
        match scans.iter_mut().find(|scan| scan[0].1.counts_rows_of(layer)) {
            Some(scan) => scan.push((at, layer)),
            None => scans.push(vec![(at, layer)]),
        }
    }
    scans
}

pub(super) fn statement(scans: &[Scan<'_>], asker: &Asker<'_>) -> Result<QueryBuilder<Postgres>, StoreError> {
    let mut sql = QueryBuilder::new("");
    for (place, scan) in scans.iter().enumerate() {
        if place > 0 {
            sql.push("\nunion all\n");
        }
        push_scan(&mut sql, asker, scan, None)?;
        if let Some(previous) = scan[0].1.cut.and_then(|cut| cut.previous) {
            sql.push("\nunion all\n");
            push_scan(&mut sql, asker, scan, Some(previous))?;
        }
    }
    Ok(sql)
}

/// Layers with the same rows and keys, at least one, and their places in the plan.
pub(super) type Scan<'a> = Vec<(usize, &'a PlanLayer<'a>)>;

/// One scan: over its window with its groups, or over the `previous` one in total.
fn push_scan(
    sql: &mut QueryBuilder<Postgres>,
    asker: &Asker<'_>,
    scan: &Scan<'_>,
    previous: Option<Window>,
) -> Result<(), StoreError> {
    let first = scan[0].1;
    let keys = if previous.is_some() { &[][..] } else { &first.keys[..] };
    let level = match keys.len() {
        0 => "3",
        1 => "case grouping(r.k1) when 0 then 1 else 3 end",
        _ => "grouping(r.k1, r.k2)",
    };
    sql.push(format_args!(
        "(select x.layer, {}::int4, q.level, q.k1, q.l1, q.o1, q.k2, q.l2, q.o2, x.value, x.counted\nfrom (\n",
        i32::from(previous.is_some())
    ));
    sql.push(format_args!("select ({level})::int4 as level"));
    for place in 1..=2 {
        let (key, label, order) = if place <= keys.len() {
            (
                format!("coalesce(r.k{place}, '')"),
                format!("max(r.l{place})"),
                format!("min(r.o{place})::float8"),
            )
        } else {
            ("''::text".to_owned(), "null::text".to_owned(), "null::float8".to_owned())
        };
        sql.push(format_args!(", {key} as k{place}, {label} as l{place}, {order} as o{place}"));
    }
    for (at, layer) in scan {
        let (value, counted) = match layer.layer.measure {
            Measure::Count => ("count(*)".to_owned(), "count(*)".to_owned()),
            Measure::Sum(_) => (format!("coalesce(sum(r.m{at}), 0)"), format!("count(r.m{at})")),
            Measure::Avg(_) => (format!("avg(r.m{at})"), format!("count(r.m{at})")),
            Measure::Percentile(percent, _) => (percentile(percent, *at), format!("count(r.m{at})")),
            Measure::Distinct(_) => (format!("count(distinct r.m{at})"), format!("count(r.m{at})")),
            Measure::Min(_) => (format!("min(r.m{at})"), format!("count(r.m{at})")),
            Measure::Max(_) => (format!("max(r.m{at})"), format!("count(r.m{at})")),
        };
        sql.push(format_args!(", ({value})::float8 as v{at}, {counted} as n{at}"));
    }
    sql.push("\nfrom (\nselect ");
    push_read(sql, asker, scan, keys, previous.or(first.cut.map(|cut| cut.window)))?;
    sql.push("\n) r");
    match keys.len() {
        0 => {}
        1 => {
            sql.push("\ngroup by grouping sets ((r.k1), ())");
        }
        _ => {
            sql.push("\ngroup by grouping sets ((r.k1, r.k2), (r.k1), (r.k2), ())");
        }
    }
    sql.push("\n) q\ncross join lateral (values ");
    for (place, (at, _)) in scan.iter().enumerate() {
        let comma = if place > 0 { ", " } else { "" };
        sql.push(format_args!("{comma}({at}::int4, q.v{at}, q.n{at})"));
    }
    sql.push(") x (layer, value, counted)");
    if !keys.is_empty() {
        // Totals come first, so that they are read whatever the number of groups is; then the largest groups, each with
        // all its layers.
        let most = scan.len() * (GROUPS_MAX + 1);
        let size = scan[0].0;
        sql.push(format_args!(
            "\norder by q.level desc, q.v{size} desc nulls last, q.k1, q.k2\nlimit {most}"
        ));
    }
    sql.push(")");
    Ok(())
}

/// The keys and measured columns of a scan's rows in a window.
fn push_read(
    sql: &mut QueryBuilder<Postgres>,
    asker: &Asker<'_>,
    scan: &Scan<'_>,
    keys: &[Key<'_>],
    window: Option<Window>,
) -> Result<(), StoreError> {
    for (place, key) in keys.iter().enumerate() {
        push_key(sql, asker, key, place + 1, true);
    }
    push_measured(sql, scan)?;
    push_rows(sql, scan[0].1, asker, window)
}

/// The measured columns of a scan, and a last one that is nothing.
fn push_measured(sql: &mut QueryBuilder<Postgres>, scan: &Scan<'_>) -> Result<(), StoreError> {
    for (at, layer) in scan {
        let measured = match layer.column {
            None => continue,
            Some(measured) if matches!(layer.layer.measure, Measure::Distinct(_)) => quoted(&measured.name),
            Some(measured) if measured.kind.is_numeric() => format!("{}::float8", quoted(&measured.name)),
            Some(measured) => return Err(invalid(format!("“{}” is no number.", measured.label))),
        };
        sql.push(format_args!("d.{measured} as m{at}, "));
    }
    sql.push("1 as one");
    Ok(())
}

/// What a scan comes to on each day of a window, by its finest groups and in a form that can be put together. A key that
/// the day itself says ([`Key::of_day`]) is left empty, and a label that is a name ([`Key::names`]) is left out:
/// `(day, k1, l1, o1, k2, l2, o2, values, counts, numbers, texts)`. Values and counts have one entry per layer; the
/// numbers are those that percentiles are taken of, one column of [`percentile_columns`] after the other, and the texts are
/// the different values of each layer that counts those.
pub(super) fn by_day(
    scan: &Scan<'_>,
    cut: Cut<'_>,
    window: Window,
    asker: &Asker<'_>,
) -> Result<QueryBuilder<Postgres>, StoreError> {
    let keys = &scan[0].1.keys;
    let is_read = |place: &usize| keys.get(place - 1).is_some_and(|key| key.of_day().is_none());
    let mut sql = QueryBuilder::new("select r.day");
    for place in 1..=2 {
        if is_read(&place) {
            sql.push(format_args!(", coalesce(r.k{place}, ''), max(r.l{place}), min(r.o{place})::float8"));
        } else {
            sql.push(", '', null::text, null::float8");
        }
    }
    let (mut values, mut counts, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for (at, layer) in scan {
        let (value, count) = match layer.layer.measure {
            Measure::Count => ("null".to_owned(), "count(*)".to_owned()),
            Measure::Sum(_) | Measure::Avg(_) => (format!("sum(r.m{at})"), format!("count(r.m{at})")),
            Measure::Percentile(..) => ("null".to_owned(), format!("count(r.m{at})")),
            Measure::Min(_) => (format!("min(r.m{at})"), format!("count(r.m{at})")),
            Measure::Max(_) => (format!("max(r.m{at})"), format!("count(r.m{at})")),
            Measure::Distinct(_) => {
                texts.push(format!(
                    " || coalesce(array_agg(distinct r.m{at}::text) filter (where r.m{at} is not null), '{{}}')"
                ));
                (format!("count(distinct r.m{at})"), format!("count(r.m{at})"))
            }
        };
        values.push(value);
        counts.push(count);
    }
    let numbers: Vec<String> = percentile_columns(scan)
        .into_iter()
        .map(|at| format!(" || coalesce(array_agg(r.m{at}) filter (where r.m{at} is not null), '{{}}')"))
        .collect();
    sql.push(format_args!(
        ", array[{}]::float8[], array[{}]::int8[], '{{}}'::float8[]{}, '{{}}'::text[]{}\nfrom (\nselect ",
        values.join(", "),
        counts.join(", "),
        numbers.concat(),
        texts.concat()
    ));
    push_local_date(&mut sql, asker, cut.column);
    sql.push(" as day, ");
    for (place, key) in keys.iter().enumerate().filter(|(_, key)| key.of_day().is_none()) {
        push_key(&mut sql, asker, key, place + 1, key.names().is_none());
    }
    push_measured(&mut sql, scan)?;
    push_rows(&mut sql, scan[0].1, asker, Some(window))?;
    sql.push("\n) r\ngroup by r.day");
    for place in (1..=2).filter(is_read) {
        sql.push(format_args!(", r.k{place}"));
    }
    Ok(sql)
}

/// The layers of a scan whose columns percentiles are taken of: the first of each column, by place in the scan's plan.
pub(super) fn percentile_columns(scan: &Scan<'_>) -> Vec<usize> {
    let mut found: Vec<(usize, &str)> = Vec::new();
    for (at, layer) in scan {
        if let Measure::Percentile(_, column) = &layer.layer.measure
            && found.iter().all(|(_, other)| other != column)
        {
            found.push((*at, column));
        }
    }
    found.into_iter().map(|(at, _)| at).collect()
}

fn percentile(percent: u8, at: usize) -> String {
    format!("percentile_cont({percent} / 100.0::float8) within group (order by r.m{at})")
}

/// `from` and `where` of the rows that a layer looks at.
pub(super) fn push_rows_of(
    sql: &mut QueryBuilder<Postgres>,
    layer: &PlanLayer<'_>,
    asker: &Asker<'_>,
) -> Result<(), StoreError> {
    push_rows(sql, layer, asker, layer.cut.map(|cut| cut.window))
}

/// `from` and `where` of the rows that a layer counts: of those it looks at, the ones with a value in what it measures.
pub(crate) fn push_counted(
    sql: &mut QueryBuilder<Postgres>,
    layer: &PlanLayer<'_>,
    asker: &Asker<'_>,
) -> Result<(), StoreError> {
    push_rows_of(sql, layer, asker)?;
    if let Some(measured) = layer.column {
        sql.push(format_args!("\nand d.{} is not null", quoted(&measured.name)));
    }
    Ok(())
}

fn push_rows(
    sql: &mut QueryBuilder<Postgres>,
    layer: &PlanLayer<'_>,
    asker: &Asker<'_>,
    window: Option<Window>,
) -> Result<(), StoreError> {
    push_source(sql, asker.datasource, layer.dataset, asker.scope)?;
    for condition in &layer.conditions {
        push_condition(sql, layer.dataset, condition)?;
    }
    if let Some((cut, window)) = layer.cut.zip(window) {
        push_window(sql, asker, cut, window);
    }
    for within in &layer.within {
        push_within(sql, asker, within);
    }
    Ok(())
}

/// Leaves the rows of some groups.
fn push_within(sql: &mut QueryBuilder<Postgres>, asker: &Asker<'_>, within: &Within<'_>) {
    // An id is compared as what it is, which an index may know.
    if let (Key::Column { id: Some(id), .. }, [key], false) = (within.key, &within.keys[..], within.is_rest)
        && id.kind == ColumnKind::Id
        && let Ok(key) = key.parse::<i64>()
    {
        sql.push(format_args!("\nand d.{} = ", quoted(&id.name)));
        sql.push_bind(key);
        return;
    }
    sql.push(if within.is_rest { "\nand not " } else { "\nand " });
    push_key_text(sql, asker, within.key);
    sql.push(" = any(");
    sql.push_bind(within.keys.clone());
    sql.push("::text[])");
}

/// `from` and `where` of a dataset's rows that may be seen.
pub(crate) fn push_source(
    sql: &mut QueryBuilder<Postgres>,
    datasource: DatasourceId,
    dataset: &Dataset,
    scope: &Scope,
) -> Result<(), StoreError> {
    sql.push(format_args!("\nfrom dataset.{} d\nwhere d.datasource_id = ", quoted(&dataset.slug)));
    sql.push_bind(datasource.0);
    let Scope::Companies(companies) = scope else { return Ok(()) };
    match company_id(dataset)? {
        Some(company) => {
            sql.push(format_args!("\nand d.{} = any(", quoted(&company.name)));
            sql.push_bind(companies.clone());
            sql.push(")");
        }
        None => {
            sql.push("\nand false");
        }
    }
    Ok(())
}

/// The column that holds the id of the company a row belongs to.
pub(crate) fn company_id(dataset: &Dataset) -> Result<Option<&DatasetColumn>, StoreError> {
    let Some(name) = dataset.company.as_deref() else { return Ok(None) };
    let named = column(dataset, name)?;
    named.id.as_deref().map_or(Ok(Some(named)), |id| column(dataset, id).map(Some))
}

pub(super) fn push_window(sql: &mut QueryBuilder<Postgres>, asker: &Asker<'_>, cut: Cut<'_>, window: Window) {
    let name = quoted(&cut.column.name);
    if let Some(until) = cut.until {
        push_standing(sql, asker, cut.column, until, (window.to, window.to));
        return;
    }
    if let Some((begin, end)) = cut.standing {
        let (begin, end) = (quoted(&begin.name), quoted(&end.name));
        sql.push(format_args!("\nand d.{begin} is not null and (d.{end} is null or d.{end} >= d.{begin})"));
    }
    if cut.column.kind == ColumnKind::Date {
        sql.push(format_args!("\nand d.{name} >= "));
        sql.push_bind(window.from);
        sql.push(format_args!("\nand d.{name} <= "));
        sql.push_bind(window.to);
    } else {
        let (from, until) = window.instants(&asker.zone);
        sql.push(format_args!("\nand d.{name} >= "));
        sql.push_bind(from);
        sql.push(format_args!("\nand d.{name} < "));
        sql.push_bind(until);
    }
    if cut.workdays {
        sql.push("\nand extract(isodow from ");
        push_local(sql, asker, cut.column);
        sql.push(") < 6");
    }
}

/// Rows that stand at the end of one of the days from `first` to `last`. At the end of a day that is not over stands what
/// has no end now.
fn push_standing(
    sql: &mut QueryBuilder<Postgres>,
    asker: &Asker<'_>,
    begin: &DatasetColumn,
    end: &DatasetColumn,
    (first, last): (NaiveDate, NaiveDate),
) {
    let is_date = begin.kind == ColumnKind::Date;
    let (begin, end) = (quoted(&begin.name), quoted(&end.name));
    let after = |day: NaiveDate| Window { from: day, to: day }.instants(&asker.zone).1;
    let last = last.min(asker.today);
    if is_date {
        sql.push(format_args!("\nand d.{begin} <= ")).push_bind(last);
    } else {
        sql.push(format_args!("\nand d.{begin} < ")).push_bind(after(last));
    }
    sql.push(format_args!("\nand (d.{end} is null"));
    if first < asker.today {
        if is_date {
            sql.push(format_args!(" or d.{end} > ")).push_bind(first);
        } else {
            sql.push(format_args!(" or d.{end} >= ")).push_bind(after(first));
        }
    }
    sql.push(")");
}

/// A group's key, its label and its place, as columns of a row; the last two are nothing unless it `is_labelled`.
fn push_key(
    sql: &mut QueryBuilder<Postgres>,
    asker: &Asker<'_>,
    key: &Key<'_>,
    place: usize,
    is_labelled: bool,
) {
    push_key_text(sql, asker, *key);
    let (label, order) = match key {
        Key::Column { label, order, .. } if is_labelled => {
            (text_of(label), order.map(|order| format!("d.{}", quoted(&order.name))))
        }
        _ => ("null::text".to_owned(), None),
    };
    let order = order.unwrap_or_else(|| "null".to_owned());
    sql.push(format_args!(" as k{place}, {label} as l{place}, {order}::float8 as o{place}, "));
}

/// The key of the group that a row belongs to.
fn push_key_text(sql: &mut QueryBuilder<Postgres>, asker: &Asker<'_>, key: Key<'_>) {
    sql.push("coalesce(");
    match key {
        Key::Column { label, id, .. } => {
            sql.push(id.map_or_else(|| text_of(label), |id| format!("d.{}::text", quoted(&id.name))));
        }
        Key::Bands { column, bounds } => {
            sql.push(format_args!("width_bucket(d.{}::float8, ", quoted(&column.name)));
            sql.push_bind(bounds.to_vec());
            sql.push("::float8[])::text");
        }
        Key::Bucket { date, bucket } => push_bucket(sql, asker, date, bucket),
    }
    sql.push(", '')");
}

/// A column's values as text that groups are told apart by.
fn text_of(column: &DatasetColumn) -> String {
    let name = quoted(&column.name);
    match column.kind {
        ColumnKind::Flag => format!("case when d.{name} then 'Yes' when not d.{name} then 'No' end"),
        ColumnKind::Date => format!("to_char(d.{name}, 'YYYY-MM-DD')"),
        _ => format!("d.{name}::text"),
    }
}

/// A column's time as clocks on the wall show it.
fn push_local(sql: &mut QueryBuilder<Postgres>, asker: &Asker<'_>, date: &DatasetColumn) {
    sql.push(format_args!("(d.{}", quoted(&date.name)));
    if date.kind == ColumnKind::Time {
        sql.push(" at time zone ");
        sql.push_bind(asker.zone.name());
    }
    sql.push(")");
}

fn push_local_date(sql: &mut QueryBuilder<Postgres>, asker: &Asker<'_>, date: &DatasetColumn) {
    push_local(sql, asker, date);
    sql.push("::date");
}

fn push_bucket(sql: &mut QueryBuilder<Postgres>, asker: &Asker<'_>, date: &DatasetColumn, bucket: Bucket) {
    let push_local = |sql: &mut QueryBuilder<Postgres>| push_local(sql, asker, date);
    match bucket {
        Bucket::Hour => {
            sql.push("extract(hour from ");
            push_local(sql);
            sql.push(")::int4::text");
        }
        Bucket::Weekday => {
            sql.push("extract(isodow from ");
            push_local(sql);
            sql.push(")::int4::text");
        }
        Bucket::Day => {
            sql.push("to_char(");
            push_local(sql);
            sql.push(", 'YYYY-MM-DD')");
        }
        Bucket::Month => {
            sql.push("to_char(date_trunc('month', ");
            push_local(sql);
            sql.push("::timestamp), 'YYYY-MM-DD')");
        }
        Bucket::Week => {
            // ISO days count Monday as 1; the week starts so many days after Monday.
            let offset = asker.week_starts.num_days_from_monday();
            sql.push("to_char(");
            push_local(sql);
            sql.push("::date - ((extract(isodow from ");
            push_local(sql);
            sql.push(format_args!(")::int4 + 6 - {offset}) % 7), 'YYYY-MM-DD')"));
        }
    }
}

/// Adds ` and <condition>`.
pub(crate) fn push_condition(
    sql: &mut QueryBuilder<Postgres>,
    dataset: &Dataset,
    condition: &Condition,
) -> Result<(), StoreError> {
    let column = column(dataset, &condition.column)?;
    let name = format!("d.{}", quoted(&column.name));
    if condition.op == Op::Empty || condition.op == Op::Filled {
        let not = if condition.op == Op::Filled { "not " } else { "" };
        sql.push(format_args!("\nand {name} is {not}null"));
        return Ok(());
    }
    // Said as what it is, which an index of the rows that have it may know.
    if let (ColumnKind::Flag, Op::Is, Some(is_so)) = (column.kind, condition.op, flag(&condition.value)) {
        let not = if is_so { "" } else { "not " };
        sql.push(format_args!("\nand {not}{name}"));
        return Ok(());
    }
    let values = match &condition.value {
        Scalar::List(values) => values.clone(),
        Scalar::Nothing => Vec::new(),
        value => vec![value.clone()],
    };
    if values.is_empty() || (values.len() > 1 && !matches!(condition.op, Op::In | Op::NotIn)) {
        return Err(invalid(format!("The condition on “{}” needs a value.", column.label)));
    }
    let wrong = || invalid(format!("The condition on “{}” has a value of another kind.", column.label));
    // A list of ids holds any of these.
    if let (ColumnKind::Json, Op::In) = (column.kind, condition.op) {
        let ids: Option<Vec<i64>> = values.iter().map(whole).collect();
        sql.push(format_args!("\nand {name} @> any(array(select to_jsonb(v) from unnest("));
        sql.push_bind(ids.ok_or_else(wrong)?);
        sql.push("::int8[]) v))");
        return Ok(());
    }
    // Several values are one array, so that the statement is the same for any number of them.
    let (left, cast, bound) = match column.kind {
        ColumnKind::Json => return Err(wrong()),
        ColumnKind::Flag => (name, "bool", Bound::all(&values, flag, Bound::Flags)),
        ColumnKind::Id => (name, "int8", Bound::all(&values, whole, Bound::Ids)),
        ColumnKind::Time => (name, "timestamptz", Bound::all(&values, instant, Bound::Times)),
        ColumnKind::Date => (name, "date", Bound::all(&values, date, Bound::Dates)),
        ColumnKind::Text => (format!("lower({name})"), "text", Bound::all(&values, text, Bound::Texts)),
        ColumnKind::Integer
        | ColumnKind::Number
        | ColumnKind::Hours
        | ColumnKind::Money
        | ColumnKind::Percent => {
            (format!("{name}::float8"), "float8", Bound::all(&values, number, Bound::Numbers))
        }
    };
    let bound = bound.ok_or_else(wrong)?;
    if condition.op == Op::Contains {
        let Bound::Texts(texts) = &bound else { return Err(wrong()) };
        sql.push("\nand position(lower(");
        sql.push_bind(texts.first().cloned().unwrap_or_default());
        sql.push(format_args!("::text) in {left}) > 0"));
        return Ok(());
    }
    let negated = matches!(condition.op, Op::IsNot | Op::NotIn);
    if negated {
        sql.push(format_args!("\nand ({left} is null or not {left} = any("));
    } else {
        let operator = match condition.op {
            Op::Over => ">",
            Op::AtLeast => ">=",
            Op::Under => "<",
            Op::AtMost => "<=",
            _ => "=",
        };
        sql.push(format_args!("\nand {left} {operator} any("));
    }
    // Case is folded by Postgres on both sides, so that its rules apply to both.
    let fold = matches!(bound, Bound::Texts(_));
    if fold {
        sql.push("array(select lower(v) from unnest(");
    }
    match bound {
        Bound::Flags(values) => sql.push_bind(values),
        Bound::Ids(values) => sql.push_bind(values),
        Bound::Times(values) => sql.push_bind(values),
        Bound::Dates(values) => sql.push_bind(values),
        Bound::Texts(values) => sql.push_bind(values),
        Bound::Numbers(values) => sql.push_bind(values),
    };
    let folded = if fold { ") v)" } else { "" };
    sql.push(format_args!("::{cast}[]{folded}{}", if negated { "))" } else { ")" }));
    Ok(())
}

/// Values of one kind.
enum Bound {
    Flags(Vec<bool>),
    Ids(Vec<i64>),
    Times(Vec<DateTime<Utc>>),
    Dates(Vec<NaiveDate>),
    Texts(Vec<String>),
    Numbers(Vec<f64>),
}

impl Bound {
    fn all<T>(
        values: &[Scalar],
        read: impl Fn(&Scalar) -> Option<T>,
        bound: impl Fn(Vec<T>) -> Bound,
    ) -> Option<Bound> {
        values.iter().map(read).collect::<Option<Vec<T>>>().map(bound)
    }
}

fn flag(value: &Scalar) -> Option<bool> {
    match value {
        Scalar::Flag(flag) => Some(*flag),
        Scalar::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" => Some(true),
            "false" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn whole(value: &Scalar) -> Option<i64> {
    match value {
        Scalar::Text(text) => text.parse().ok(),
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53, as checked")]
        Scalar::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(*number as i64),
        _ => None,
    }
}

fn number(value: &Scalar) -> Option<f64> {
    match value {
        Scalar::Text(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
        Scalar::Number(number) => Some(*number),
        _ => None,
    }
}

fn instant(value: &Scalar) -> Option<DateTime<Utc>> {
    let Scalar::Text(text) = value else { return None };
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc))
}

fn date(value: &Scalar) -> Option<NaiveDate> {
    let Scalar::Text(text) = value else { return None };
    text.parse().ok()
}

/// Text as Postgres can hold it.
fn text(value: &Scalar) -> Option<String> {
    match value {
        Scalar::Text(text) => Some(text.replace('\0', "\u{fffd}")),
        Scalar::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An identifier in quotes.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
