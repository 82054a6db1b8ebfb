//! Pages that are plain forms and lists: the server renders them whole, and no wasm is loaded for them.

mod completeness;
mod frame;
mod sign_in;
mod webhooks;
mod welcome;

pub use completeness::{Completeness, CompletenessProps, Counted, SetAside};
pub use sign_in::{SignIn, SignInProps};
pub use webhooks::{Webhooks, WebhooksProps};
pub use welcome::{Welcome, WelcomeProps};
