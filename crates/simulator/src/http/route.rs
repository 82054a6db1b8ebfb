//! Paths of the API, whatever their case.

use crate::schema::{Child, Entity, schema};

/// What a path asks for.
#[derive(Debug, Clone)]
pub(crate) enum Route {
    /// Outside any zone, without credentials.
    ZoneInformation,
    VersionInformation,
    /// In a zone, with credentials.
    Version,
    ThresholdInformation,
    Modules,
    Query(&'static Entity),
    Count(&'static Entity),
    Next(&'static Entity),
    Item(&'static Entity, i64),
    Info(&'static Entity),
    Fields(&'static Entity),
    UserDefinedFields(&'static Entity),
    /// Rows of a child under its parent; with an id, one of them.
    Children(Child, i64, Option<i64>),
    /// The collection itself, which only writes use.
    Collection(&'static Entity),
    Unknown,
}

/// A path, and the zone it was sent to (empty, or the segment in front).
pub(crate) fn read(path: &str) -> (String, Route) {
    let lower = path.to_ascii_lowercase();
    let mut segments: Vec<&str> = lower.split('/').filter(|segment| !segment.is_empty()).collect();
    let mut zone = String::new();
    if segments.len() > 1 && segments[0] != "atservicesrest" && segments[1] == "atservicesrest" {
        zone = segments.remove(0).into();
    }
    if segments.first() != Some(&"atservicesrest") {
        return (zone, Route::Unknown);
    }
    let route = match segments[1..] {
        ["versioninformation"] => Route::VersionInformation,
        ["v1.0", "zoneinformation"] => Route::ZoneInformation,
        ["v1.0", "version"] => Route::Version,
        ["v1.0", "thresholdinformation"] => Route::ThresholdInformation,
        ["v1.0", "modules"] => Route::Modules,
        ["v1.0", name, ref rest @ ..] => {
            schema().entity(name).map_or(Route::Unknown, |entity| in_entity(entity, name, rest))
        }
        _ => Route::Unknown,
    };
    (zone, route)
}

fn in_entity(entity: &'static Entity, name: &str, rest: &[&str]) -> Route {
    let id = |text: &str| text.parse::<i64>().ok();
    match rest {
        [] => Route::Collection(entity),
        ["query"] if entity.query => Route::Query(entity),
        ["query", "count"] if entity.query => Route::Count(entity),
        ["query", "next"] if entity.query => Route::Next(entity),
        ["entityinformation"] => Route::Info(entity),
        ["entityinformation", "fields"] => Route::Fields(entity),
        ["entityinformation", "userdefinedfields"] => Route::UserDefinedFields(entity),
        [item] if entity.query => id(item).map_or(Route::Unknown, |id| Route::Item(entity, id)),
        [parent, segment] => match (id(parent), schema().child(name, segment)) {
            (Some(parent), Some(child)) => Route::Children(child, parent, None),
            _ => Route::Unknown,
        },
        [parent, segment, "entityinformation", ..] => match (id(parent), schema().child(name, segment)) {
            (Some(_), Some(child)) => in_entity(child.entity, "", &rest[2..]),
            _ => Route::Unknown,
        },
        [parent, segment, item] => match (id(parent), schema().child(name, segment), id(item)) {
            (Some(parent), Some(child), Some(item)) => Route::Children(child, parent, Some(item)),
            _ => Route::Unknown,
        },
        _ => Route::Unknown,
    }
}

impl Route {
    /// The name under which requests share threads and are counted.
    pub(crate) fn bucket(&self) -> &'static str {
        match self {
            Self::ZoneInformation => "zoneInformation",
            Self::VersionInformation => "versioninformation",
            Self::Version => "Version",
            Self::ThresholdInformation => "ThresholdInformation",
            Self::Modules => "Modules",
            Self::Query(entity)
            | Self::Count(entity)
            | Self::Next(entity)
            | Self::Item(entity, _)
            | Self::Info(entity)
            | Self::Fields(entity)
            | Self::UserDefinedFields(entity)
            | Self::Collection(entity) => &entity.name,
            Self::Children(child, ..) => &child.entity.name,
            Self::Unknown => "",
        }
    }

    /// The entity whose rows the path reads.
    pub(crate) const fn reads(&self) -> Option<&'static Entity> {
        match self {
            Self::Query(entity) | Self::Count(entity) | Self::Next(entity) | Self::Item(entity, _) => {
                Some(entity)
            }
            Self::Children(child, ..) => Some(child.entity),
            _ => None,
        }
    }
}
