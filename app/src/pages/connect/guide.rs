//! The guide beside the form: what to do in Autotask, in three parts.

use leptos::prelude::*;

/// Security level, API user, connect.
#[component]
pub fn Guide(
    /// Tab, right, and what it is for; from the declarations of the entities.
    rights: Vec<(String, String, String)>,
) -> impl IntoView {
    let rows: Vec<_> = rights
        .into_iter()
        .map(|(tab, right, what)| view! { <tr><td>{tab}</td><td>{right}</td><td>{what}</td></tr> }.into_any())
        .collect();
    view! {
        <aside class="guide" aria-labelledby="guide-title">
            <h2 id="guide-title">"In Autotask"</h2>
            <ol class="steps-guide">
                <li class="guide-part">
                    <h3>"Security level"</h3>
                    <p>"Open " <em>"Admin → Company Settings & Users → Resources/Users (HR) → Security → Security Levels"</em> ". Copy " <em>"API User (system)"</em> ", name the copy “Taskgauge”, and leave only viewing rights on:"</p>
                    <details open=true>
                        <summary>"The rights, and what each is for"</summary>
                        <div class="table-wrap" tabindex="0" role="region" aria-label="Rights">
                            <table class="table dense rights">
                                <thead><tr><th scope="col">"Tab"</th><th scope="col">"Right"</th><th scope="col">"Without it you miss"</th></tr></thead>
                                <tbody>{rows}</tbody>
                            </table>
                        </div>
                    </details>
                    <p>"Nothing needs add, edit or delete. Costs are needed only for margins."</p>
                </li>
                <li class="guide-part">
                    <h3>"API user"</h3>
                    <p>"Open " <em>"Resources/Users → New → New API User"</em> ". Give it the new security level, then choose " <em>"Generate Key"</em> " and " <em>"Generate Secret"</em> "."</p>
                    <p>"Under " <em>"API Tracking Identifier"</em> " choose " <em>"Custom (Internal Integration)"</em> " and name it “Taskgauge”."</p>
                    <p><strong>"The key and the secret are shown once."</strong>" Copy both before you save the user."</p>
                </li>
                <li class="guide-part">
                    <h3>"Connect"</h3>
                    <p>"Paste the three values into the form and test. Autotask needs up to five minutes to know a new user."</p>
                    <p>"Taskgauge finds your zone by itself and shows what it can read before you save."</p>
                </li>
            </ol>
        </aside>
    }
    .into_any()
}
