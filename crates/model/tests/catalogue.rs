//! The shipped datasets are consistent.

use std::collections::HashSet;
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::{ColumnKind, Dataset},
    entity::Entity,
    field_filter::FieldFilter,
};

fn datasets() -> &'static [Dataset] {
    &Catalogue::shipped().datasets
}

#[test]
fn the_21_known_datasets_ship() {
    let known: Vec<&str> =
        datasets().iter().filter(|dataset| !dataset.extra).map(|dataset| dataset.slug.as_str()).collect();
    assert_eq!(known.len(), 21, "{known:?}");
    let slugs: HashSet<&str> = datasets().iter().map(|dataset| dataset.slug.as_str()).collect();
    assert_eq!(slugs.len(), datasets().len(), "a slug is there twice");
    for slug in [
        "tickets_14d",
        "tickets_210d",
        "time_14d",
        "time_210d",
        "sla_results",
        "surveys",
        "members",
        "companies",
        "contacts",
        "company_notes",
        "opportunities",
        "projects",
        "phases",
        "tasks",
        "contracts",
        "contract_blocks",
        "service_units",
        "bundle_units",
        "invoices",
        "service_calls",
        "config_items",
    ] {
        assert!(known.contains(&slug), "{slug} is missing");
    }
    for slug in [
        "tickets_all",
        "time_all",
        "ticket_daily",
        "quotes",
        "billing_items",
        "member_days",
        "recurring_months",
        "sync_log",
        "profit_lines",
        "block_balances",
        "call_members",
        "scheduled_tickets",
        "data_age",
        "api_use",
        "count_checks",
        "permission_findings",
        "data_quality",
    ] {
        assert!(Catalogue::shipped().dataset(slug).is_some_and(|dataset| dataset.extra), "{slug} is missing");
    }
}

#[test]
fn what_datasets_name_is_there() {
    for dataset in datasets() {
        let slug = &dataset.slug;
        let kind = |name: &str| dataset.column(name).map(|column| column.kind);
        for name in dataset.shown.iter().map(String::as_str).chain([dataset.sort.trim_start_matches('-')]) {
            assert!(
                kind(name).is_some_and(|kind| kind != ColumnKind::Json),
                "{slug} shows or sorts by {name}"
            );
        }
        for name in dataset.company.iter().chain(dataset.link.as_ref().map(|link| &link.id)) {
            assert_eq!(kind(name), Some(ColumnKind::Id), "{slug}.{name}");
        }
        if let Some(link) = &dataset.link {
            assert!(
                link.record.is_some() != link.entity.is_some(),
                "{slug} opens one kind of record or says which"
            );
            let entity = link.entity.as_deref();
            assert!(entity.is_none_or(|name| kind(name) == Some(ColumnKind::Text)), "{slug}");
        }
        for entity in &dataset.entities {
            assert!(
                Entity::named(entity).is_some_and(|found| found.name == entity),
                "{slug} is made of {entity}"
            );
        }
        assert_eq!(
            dataset.entities.iter().collect::<HashSet<_>>().len(),
            dataset.entities.len(),
            "{slug} names an entity twice"
        );
        for text in [&dataset.title, &dataset.group, &dataset.about, &dataset.window] {
            assert!(!text.is_empty(), "{slug} has an empty text");
        }
    }
}

/// Fields that a filter names.
fn fields<'a>(filter: &'a FieldFilter, found: &mut Vec<&'a str>) {
    match filter {
        FieldFilter::Any { any: filters } | FieldFilter::Every { every: filters } => {
            for filter in filters {
                fields(filter, found);
            }
        }
        FieldFilter::Like { field, .. } | FieldFilter::Unlike { field, .. } => found.push(field),
        FieldFilter::Compared(condition) => found.push(&condition.column),
    }
}

#[test]
fn what_autotask_is_asked_for_is_there() {
    let mut asked = 0;
    for dataset in datasets() {
        let entity = dataset.entities.first().and_then(|name| Entity::named(name));
        let mut named: Vec<&str> =
            dataset.columns.iter().filter_map(|column| column.field.as_deref()).collect();
        for filter in dataset.there.iter().flatten().chain(dataset.columns.iter().flat_map(|it| &it.when)) {
            fields(filter, &mut named);
        }
        assert!(dataset.there.is_some() || named.is_empty(), "{} names fields and no rows", dataset.slug);
        for field in named {
            let columns = entity.into_iter().flat_map(|entity| entity.columns);
            let is_known = field == "id" || columns.into_iter().any(|column| column.field == field);
            assert!(is_known, "{}: {field} is no field of {:?}", dataset.slug, dataset.entities.first());
            asked += 1;
        }
        for column in &dataset.columns {
            assert!(
                column.when.is_empty() || column.kind == ColumnKind::Flag && column.field.is_none(),
                "{}.{} is no flag, or a field as well",
                dataset.slug,
                column.name
            );
        }
    }
    assert!(asked > 500, "{asked}");
}

#[test]
fn rows_are_dated_by_what_changes_and_not_by_labels() {
    for (slug, expected) in [
        (
            "tickets_14d",
            &[
                "Tickets",
                "Companies",
                "Contacts",
                "Contracts",
                "Projects",
                "ConfigurationItems",
                "TimeEntries",
                "ServiceLevelAgreementResults",
            ][..],
        ),
        // Read with the tickets they belong to.
        ("sla_results", &["ServiceLevelAgreementResults", "Tickets", "Companies", "Contracts"]),
        // Swept, and yet what the dataset is about.
        ("members", &["Resources"]),
    ] {
        let dataset = Catalogue::shipped().dataset(slug).expect("the dataset");
        assert_eq!(dataset.dated_by().collect::<Vec<_>>(), expected, "{slug}");
    }
}

#[test]
fn columns_are_described_and_named_once() {
    for dataset in datasets() {
        let mut names = HashSet::new();
        for column in &dataset.columns {
            let name = format!("{}.{}", dataset.slug, column.name);
            assert!(names.insert(&column.name), "{name} is there twice");
            assert!(
                column.name.starts_with(|first: char| first.is_ascii_lowercase())
                    && column.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
                    && column.name.len() < 60,
                "{name} is no plain name"
            );
            assert!(!column.label.is_empty() && column.about.ends_with('.'), "{name} is not described");
            if let Some(id) = &column.id {
                assert_eq!(dataset.column(id).map(|id| id.kind), Some(ColumnKind::Id), "{name} → {id}");
            }
            if let Some(order) = &column.order {
                assert_eq!(
                    dataset.column(order).map(|order| order.kind),
                    Some(ColumnKind::Integer),
                    "{name}"
                );
            }
            if column.kind == ColumnKind::Money {
                assert!(column.internal, "{name} is money that clients would see");
            }
        }
        assert_ne!(dataset.columns.first().map(|column| column.kind), Some(ColumnKind::Json));
    }
}

#[test]
fn windows_of_one_entity_have_the_same_columns() {
    for (narrow, wide) in [
        ("tickets_14d", "tickets_all"),
        ("tickets_210d", "tickets_all"),
        ("time_14d", "time_all"),
        ("time_210d", "time_all"),
    ] {
        let columns = |slug| Catalogue::shipped().dataset(slug).map(|dataset| &dataset.columns);
        assert_eq!(columns(narrow), columns(wide), "{narrow}");
    }
}
