//! Where the time comes from.

use chrono::{DateTime, Utc};
use std::sync::{Arc, Mutex};

/// The time of day: the machine's, or one that a test sets. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    fixed: Option<Arc<Mutex<DateTime<Utc>>>>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self { fixed: None }
    }

    /// A clock that stands at `at` until [`Clock::set`] moves it.
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self { fixed: Some(Arc::new(Mutex::new(at))) }
    }

    /// Now.
    pub fn now(&self) -> DateTime<Utc> {
        match &self.fixed {
            Some(at) => *at.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
            None => std::time::SystemTime::now().into(),
        }
    }

    /// Moves a fixed clock; the machine's stays as it is.
    pub fn set(&self, at: DateTime<Utc>) {
        if let Some(fixed) = &self.fixed {
            *fixed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = at;
        }
    }

    /// Whether the clock was set by a test or an operator.
    pub fn is_fixed(&self) -> bool {
        self.fixed.is_some()
    }
}
