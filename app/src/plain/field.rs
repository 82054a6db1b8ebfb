//! Fields of plain forms.

use leptos::prelude::*;

/// A choice of a select.
pub fn option(value: &str, label: &str, chosen: bool) -> AnyView {
    view! { <option value=value.to_owned() selected=chosen>{label.to_owned()}</option> }.into_any()
}

/// A line of text, of at most `longest` characters.
pub fn text(name: &str, label: &str, value: &str, help: Option<&str>, longest: u32) -> AnyView {
    input("text", name, label, value, help, Some(longest))
}

/// A date, as `2026-03-18`.
pub fn date(name: &str, label: &str, value: &str, help: Option<&str>) -> AnyView {
    input("date", name, label, value, help, None)
}

fn input(
    kind: &'static str,
    name: &str,
    label: &str,
    value: &str,
    help: Option<&str>,
    longest: Option<u32>,
) -> AnyView {
    let id = format!("f-{name}");
    let help_id = format!("{id}-help");
    let described = help.map(|_| help_id.clone());
    view! {
        <div class="field">
            <label for=id.clone()>{label.to_owned()}</label>
            <input class="input" type=kind id=id name=name.to_owned() value=value.to_owned() maxlength=longest autocomplete="off" aria-describedby=described />
            {help.map(|help| view! { <p class="help" id=help_id>{help.to_owned()}</p> })}
        </div>
    }
    .into_any()
}

/// Text for the inside of a `textarea`, which the renderer writes as it is: what it says must not end the field.
pub fn within_textarea(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// A text of several lines.
pub fn area(name: &str, label: &str, value: &str, help: &str) -> AnyView {
    let id = format!("f-{name}");
    view! {
        <div class="field">
            <label for=id.clone()>{label.to_owned()}</label>
            <textarea class="input" id=id.clone() name=name.to_owned() rows="3" maxlength="2000" aria-describedby=format!("{id}-help")>{within_textarea(value)}</textarea>
            <p class="help" id=format!("{id}-help")>{help.to_owned()}</p>
        </div>
    }
    .into_any()
}

/// One choice of several.
pub fn select(name: &str, label: &str, options: Vec<AnyView>) -> AnyView {
    let id = format!("f-{name}");
    view! {
        <div class="field">
            <label for=id.clone()>{label.to_owned()}</label>
            <select class="input" id=id name=name.to_owned()>{options}</select>
        </div>
    }
    .into_any()
}

/// Something that is so or not.
pub fn check(name: &str, label: &str, checked: bool) -> AnyView {
    let id = format!("f-{name}");
    view! {
        <div class="check">
            <input type="checkbox" id=id.clone() name=name.to_owned() value="1" checked=checked />
            <label for=id>{label.to_owned()}</label>
        </div>
    }
    .into_any()
}

/// Any of several, by value and label.
pub fn boxes(
    name: &str,
    legend: &str,
    help: &str,
    choices: &[(String, String)],
    is_chosen: impl Fn(&str) -> bool,
) -> AnyView {
    let items: Vec<_> = choices
        .iter()
        .enumerate()
        .map(|(place, (value, label))| {
            let id = format!("f-{name}-{place}");
            view! {
                <li class="check">
                    <input type="checkbox" id=id.clone() name=name.to_owned() value=value.clone() checked=is_chosen(value) />
                    <label for=id>{label.clone()}</label>
                </li>
            }
        })
        .collect();
    let nothing = items.is_empty().then(|| view! { <p class="muted">"Known after the first sync."</p> });
    view! {
        <fieldset class="field">
            <legend>{legend.to_owned()}</legend>
            <p class="help">{help.to_owned()}</p>
            {nothing}
            <ul class="choices">{items}</ul>
        </fieldset>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_does_not_leave_its_field() {
        let hostile = "</textarea><script>alert(1)</script> &lt;";
        let html = area("about", "About", hostile, "Help").to_html();
        assert_eq!(html.matches("</textarea>").count(), 1, "{html}");
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("&lt;/textarea>&lt;script>alert(1)&lt;/script> &amp;lt;"), "{html}");
    }
}
