//! Pages that are plain forms and lists: the server renders them whole, and no wasm is loaded for them.

mod boards;
pub mod builder;
mod choose;
mod completeness;
pub mod dataset;
pub mod datasets;
mod field;
mod frame;
pub mod gauge;
mod gauges;
mod import;
pub mod layout;
mod notice;
mod refusal;
pub mod rows;
mod settings;
mod sign_in;
pub mod table;
pub mod walls;
mod webhooks;
mod welcome;

pub use boards::{Boards, BoardsProps};
pub use completeness::{Completeness, CompletenessProps, Counted, SetAside};
pub use gauges::{GaugeChoice, Gauges, GaugesProps};
pub use import::{Import, ImportProps, Planned};
pub use notice::{Deed, Done};
pub use refusal::{Refusal, RefusalProps};
pub use settings::{Choices, SettingsPage, SettingsPageProps, read_settings};
pub use sign_in::{SignIn, SignInProps};
pub use webhooks::{Webhooks, WebhooksProps};
pub use welcome::{Welcome, WelcomeProps};
