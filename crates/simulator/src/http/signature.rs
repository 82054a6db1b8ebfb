//! The signature of a callout: `sha1=` and the base64 of HMAC-SHA1 over its body, or over an escaped form of it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::switches::WebhookEscaping;

/// The value of `X-Hook-Signature` for a body.
pub(super) fn sign(secret: &str, body: &str, escaping: WebhookEscaping) -> String {
    let escaped = match escaping {
        WebhookEscaping::Raw => None,
        WebhookEscaping::Upper => Some(escape(body, true)),
        WebhookEscaping::Lower => Some(escape(body, false)),
    };
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(escaped.as_deref().unwrap_or(body).as_bytes());
    format!("sha1={}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

/// A JSON text whose strings have the characters of [`WebhookEscaping`] as `\uXXXX`.
fn escape(json: &str, upper: bool) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 8);
    let mut inside = false;
    let mut characters = json.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                inside = !inside;
                out.push('"');
            }
            '\\' if inside => match characters.next() {
                Some(quoted @ ('"' | '\\')) => write_escape(&mut out, quoted, upper),
                other => {
                    out.push('\\');
                    out.extend(other);
                }
            },
            '&' | '<' | '>' | '\'' | '`' | '+' if inside => write_escape(&mut out, character, upper),
            other if inside && !other.is_ascii() => write_escape(&mut out, other, upper),
            other => out.push(other),
        }
    }
    out
}

fn write_escape(out: &mut String, character: char, upper: bool) {
    use std::fmt::Write as _;
    for unit in character.encode_utf16(&mut [0; 2]) {
        // Writing into memory cannot fail.
        let _ = if upper { write!(out, "\\u{unit:04X}") } else { write!(out, "\\u{unit:04x}") };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_published_hmac() {
        // RFC 2202, test case 2.
        let signature = sign("Jefe", "what do ya want for nothing?", WebhookEscaping::Raw);
        assert_eq!(signature, "sha1=7/zfauXrL6LSdBbV8YTfnCWafHk=");
    }

    #[test]
    fn only_strings_are_escaped() {
        let body = r#"{"a+b":1e+5,"t":"\"é\" & <b>\\ `'😀\n"}"#;
        assert_eq!(
            escape(body, true),
            r#"{"a\u002Bb":1e+5,"t":"\u0022\u00E9\u0022 \u0026 \u003Cb\u003E\u005C \u0060\u0027\uD83D\uDE00\n"}"#
        );
        assert_eq!(
            escape(body, false),
            r#"{"a\u002bb":1e+5,"t":"\u0022\u00e9\u0022 \u0026 \u003cb\u003e\u005c \u0060\u0027\ud83d\ude00\n"}"#
        );
        let (plain, back): (serde_json::Value, serde_json::Value) =
            (serde_json::from_str(body).unwrap(), serde_json::from_str(&escape(body, false)).unwrap());
        assert_eq!(plain, back, "it stays the same JSON");
    }
}
