//! A form field: label above, help below, the problem below the help with a sign.

use leptos::{html, prelude::*};
use taskgauge_model::datasource::{DraftField, FieldProblem};

/// A text field. It is made once and never again, so that nothing typed is lost and nothing is filled anew.
#[component]
pub fn Field(
    /// Which value of the draft it holds.
    field: DraftField,
    /// Its label.
    label: &'static str,
    /// What to enter and where it is found.
    help: &'static str,
    /// What is entered.
    value: RwSignal<String>,
    /// Problems with the form.
    #[prop(into)]
    problems: Signal<Vec<FieldProblem>>,
    /// Whether it may stay empty.
    #[prop(optional)]
    optional: bool,
    /// An example.
    #[prop(optional)]
    placeholder: &'static str,
) -> impl IntoView {
    let key = field.key();
    let problem = problem_of(field, problems);
    let input = NodeRef::<html::Input>::new();
    // What was typed before the wasm came is taken over once.
    Effect::new(move |taken: Option<()>| {
        if taken.is_none()
            && let Some(input) = input.get()
            && input.value() != value.get_untracked()
        {
            if input.value().is_empty() {
                input.set_value(&value.get_untracked());
            } else {
                value.set(input.value());
            }
        }
    });
    view! {
        <div class="field">
            <label for=key>{label}{optional.then(|| view! { <span class="field-optional">" optional"</span> }.into_any())}</label>
            <p class="help" id=format!("{key}-help")>{help}</p>
            <input
                class="input keeper-ignore"
                id=key
                name=key
                node_ref=input
                type="text"
                autocomplete="off"
                spellcheck="false"
                data-1p-ignore="true"
                data-lpignore="true"
                data-bwignore="true"
                data-form-type="other"
                placeholder=placeholder
                prop:value=kept(value)
                value=value.get_untracked()
                on:input=move |event| value.set(event_target_value(&event))
                aria-describedby=format!("{key}-help {key}-error")
                aria-invalid=move || problem.get().is_some().then_some("true")
            />
            <FieldError key=key problem=problem />
        </div>
    }
    .into_any()
}

/// A signal as the `value` of an input. The first drawing writes nothing where the signal is empty, because a person may
/// have typed before the wasm came.
fn kept(value: RwSignal<String>) -> impl Fn() -> Option<String> + Clone + Send + Sync + 'static {
    let drawn = StoredValue::new(false);
    move || {
        let text = value.get();
        let first = !drawn.get_value();
        drawn.set_value(true);
        (!first || !text.is_empty()).then_some(text)
    }
}

/// The first problem of a field.
pub fn problem_of(field: DraftField, problems: Signal<Vec<FieldProblem>>) -> Memo<Option<String>> {
    Memo::new(move |_| {
        problems.with(|problems| {
            problems.iter().find(|problem| problem.field == field).map(|problem| problem.message.clone())
        })
    })
}

/// The line that says what is wrong.
#[component]
pub fn FieldError(
    /// The field's key.
    key: &'static str,
    /// What is wrong, if anything.
    problem: Memo<Option<String>>,
) -> impl IntoView {
    view! {
        <p class="field-error" id=format!("{key}-error")>
            {move || problem.get().map(|message| view! { <span aria-hidden="true">"✕ "</span>{message} }.into_any())}
        </p>
    }
}

/// How a credential came into its field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Entry {
    /// Nothing is there, or a person typed, pasted or dropped it.
    #[default]
    Person,
    /// The browser or an extension filled it in; a person has not confirmed it yet.
    Browser,
    /// The browser filled it in and a person said that it is right.
    Confirmed,
}

/// A credential and how it came.
#[derive(Debug, Clone, Copy)]
pub struct Credential {
    /// What is in the field.
    pub value: RwSignal<String>,
    /// How it came there.
    pub entry: RwSignal<Entry>,
    /// The input.
    pub input: NodeRef<html::Input>,
}

impl Default for Credential {
    fn default() -> Self {
        Self { value: RwSignal::default(), entry: RwSignal::default(), input: NodeRef::new() }
    }
}

impl Credential {
    /// Takes what is really in the input, whatever events were or were not sent, and tells whether a person put it
    /// there. A browser shows a filled value to scripts only with the first gesture, which may be the click on *Test*.
    pub fn look(self) -> bool {
        let Some(input) = self.input.get_untracked() else {
            return self.entry.get_untracked() != Entry::Browser;
        };
        let value = input.value();
        let known = self.value.get_untracked();
        let filled = input.matches(":autofill").unwrap_or(false);
        let marked = input.dataset().get("entry").as_deref() == Some("browser");
        let silent = value != known;
        if self.entry.get_untracked() != Entry::Confirmed || silent {
            let by_browser = !value.is_empty() && (filled || marked || silent);
            self.entry.set(if by_browser { Entry::Browser } else { Entry::Person });
            if by_browser {
                // A letter typed after it, or a second look, does not make it a person's.
                self.note("browser");
            }
        }
        self.value.set(value);
        self.entry.get_untracked() != Entry::Browser
    }

    /// A person says that what the browser filled in is right.
    pub fn confirm(self) {
        self.entry.set(Entry::Confirmed);
        self.note("person");
    }

    /// Tells the document's guard how the field came by what is in it.
    fn note(self, entry: &str) {
        if let Some(input) = self.input.get_untracked() {
            let noted = input.dataset();
            let _ = noted.set("entry", entry);
            let _ = noted.set("seen", &input.value().encode_utf16().count().to_string());
        }
    }

    /// Empties the field for a person to fill.
    pub fn clear(self) {
        self.value.set(String::new());
        self.entry.set(Entry::Person);
        if let Some(input) = self.input.get_untracked() {
            input.set_value("");
            let _ = input.focus();
        }
        self.note("person");
    }
}

/// A field for a credential, guarded against being filled by anybody but a person.
#[component]
pub fn CredentialField(
    /// Which value of the draft it holds.
    field: DraftField,
    /// Its label.
    label: &'static str,
    /// What to enter and where it is found.
    help: &'static str,
    /// The credential.
    credential: Credential,
    /// Problems with the form.
    #[prop(into)]
    problems: Signal<Vec<FieldProblem>>,
    /// Whether its characters are hidden.
    secret: bool,
) -> impl IntoView {
    let key = field.key();
    let problem = problem_of(field, problems);
    let shown = RwSignal::new(false);
    let seen = move |event: leptos::ev::Event| {
        let value = event_target_value(&event);
        credential.value.set(value.clone());
        let by_browser = credential
            .input
            .get_untracked()
            .is_some_and(|input| input.dataset().get("entry").as_deref() == Some("browser"));
        credential.entry.set(if by_browser && !value.is_empty() { Entry::Browser } else { Entry::Person });
    };
    // What was entered before the wasm came is taken over once, with how it came.
    Effect::new(move |taken: Option<()>| {
        let Some(input) = credential.input.get().filter(|_| taken.is_none()) else { return };
        let known = credential.value.get_untracked();
        if input.value().is_empty() && !known.is_empty() {
            input.set_value(&known);
        }
        let value = input.value();
        if value == known {
            // The form is back and so is what a person entered before.
            if !value.is_empty() && credential.entry.get_untracked() != Entry::Browser {
                credential.note("person");
            }
            return;
        }
        credential.value.set(value);
        if input.dataset().get("entry").as_deref() != Some("person") {
            credential.entry.set(Entry::Browser);
            credential.note("browser");
        }
    });
    view! {
        <div class="field">
            <label for=key>{label}</label>
            <p class="help" id=format!("{key}-help")>{help}</p>
            <div class="input-wrap">
                <input
                    class="input keeper-ignore"
                    id=key
                    name=key
                    node_ref=credential.input
                    type=move || if secret && !shown.get() { "password" } else { "text" }
                    autocomplete=if secret { "new-password" } else { "off" }
                    autocapitalize="off"
                    spellcheck="false"
                    data-guard=""
                    data-1p-ignore="true"
                    data-lpignore="true"
                    data-bwignore="true"
                    data-form-type="other"
                    prop:value=kept(credential.value)
                    value=(!secret).then(|| credential.value.get_untracked())
                    on:input=seen
                    aria-describedby=format!("{key}-help {key}-note {key}-error")
                    aria-invalid=move || problem.get().is_some().then_some("true")
                />
                {secret.then(|| view! {
                    <button
                        class="button quiet small"
                        type="button"
                        aria-pressed=move || shown.get().to_string()
                        on:click=move |_| shown.update(|shown| *shown = !*shown)
                    >
                        {move || if shown.get() { "Hide" } else { "Show" }}
                        <span class="visually-hidden">{format!(" {label}")}</span>
                    </button>
                }.into_any())}
            </div>
            <div class="field-note" id=format!("{key}-note") role="status">
                {move || (credential.entry.get() == Entry::Browser).then(|| view! {
                    <p><span aria-hidden="true">"! "</span>"Your browser filled this in. Check it, or type it yourself."</p>
                    <button class="button small" type="button" on:click=move |_| credential.clear()>
                        "Clear it"<span class="visually-hidden">{format!(": {label}")}</span>
                    </button>
                    <button class="button small quiet" type="button" on:click=move |_| credential.confirm()>
                        "It is right"<span class="visually-hidden">{format!(": {label}")}</span>
                    </button>
                }.into_any())}
            </div>
            <FieldError key=key problem=problem />
        </div>
    }
    .into_any()
}
