//! Whose rows a viewer may see.

/// The companies whose rows may be seen. Applied in every statement that reads rows, below every caller.
///
/// Rows without a company, and datasets that name none, are seen by [`Scope::All`] alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Every row of the datasource.
    All,
    /// Rows of these companies (Autotask ids) and no others; an empty list shows nothing.
    Companies(Vec<i64>),
}

impl Scope {
    /// The companies to bind, or `None` where every row may be seen.
    ///
    /// Meant for `($n::bigint[] is null or company_id = any($n))`.
    pub fn companies(&self) -> Option<&[i64]> {
        match self {
            Scope::All => None,
            Scope::Companies(companies) => Some(companies),
        }
    }
}
