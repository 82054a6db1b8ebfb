//! Who is signed in.

use super::UiError;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The person at the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// E-mail address.
    pub email: String,
    /// Name.
    pub name: String,
}

/// Who is signed in.
#[server]
pub async fn get_me() -> Result<Me, UiError> {
    let cx = super::RequestCx::require()?;
    Ok(Me { email: cx.session.user.email, name: cx.session.user.name })
}

/// Whether a one-time link still holds.
#[server]
pub async fn welcome_is_valid(token: String) -> Result<bool, UiError> {
    let state = expect_context::<super::AppState>();
    Ok(state.store.welcome_is_valid(&token.into()).await?)
}
