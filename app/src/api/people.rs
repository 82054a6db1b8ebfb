//! Who is signed in.

use super::{Payload, UiError};
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

/// Who is signed in: [`Me`].
#[server(input = leptos::server_fn::codec::Json)]
pub async fn get_me() -> Result<Payload, UiError> {
    super::answer(|cx| async move {
        Payload::of(&Me { email: cx.session.user.email, name: cx.session.user.name })
    })
    .await
}
