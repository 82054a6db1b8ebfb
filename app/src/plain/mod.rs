//! Pages that are plain forms: the server renders them whole, and no wasm is loaded for them.

mod sign_in;
mod welcome;

pub use sign_in::{SignIn, SignInProps};
pub use welcome::{Welcome, WelcomeProps};
