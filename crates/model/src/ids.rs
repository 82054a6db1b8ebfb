//! Ids as types, so that one cannot stand for another; names that have to differ.

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id!(
    /// A connected Autotask tenant.
    DatasourceId
);
id!(
    /// A person who signs in to Taskgauge.
    UserId
);
id!(
    /// One sync of one datasource.
    RunId
);
id!(
    /// A rotation of boards for screens.
    WallId
);

/// The first id that was there before.
pub fn repeated<'a>(ids: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut known = std::collections::HashSet::new();
    ids.into_iter().find(|id| !known.insert(*id))
}
