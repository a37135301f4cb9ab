//! From the names that the specification prints to those of the text encodings and of Rust.

use proc_macro2::{Ident, Span};

/// The CamelCase name of the XML and JSON encodings.
///
/// The six rules of KMIP Additional Message Encodings 1.0 §4.1.3 and §6.1.3.
pub(crate) fn text(printed: &str) -> String {
    // 1: round brackets become spaces.
    let printed: Vec<char> = printed.chars().map(|c| if matches!(c, '(' | ')') { ' ' } else { c }).collect();
    let mut spaced = String::new();
    for (index, &c) in printed.iter().enumerate() {
        let kept = c.is_alphanumeric() || c == '_';
        let word_follows = printed.get(index + 1).is_some_and(|c| c.is_alphabetic())
            && printed.get(index + 2).is_some_and(|c| c.is_lowercase());
        // 2: before a word, a space; 3: elsewhere an underscore.
        spaced.push(match c {
            _ if kept => c,
            _ if word_follows || c == ' ' => ' ',
            _ => '_',
        });
    }
    let mut words: Vec<String> = spaced.split_whitespace().map(str::to_owned).collect();
    // 4: digits at the start of the first word go to its end.
    if let Some(first) = words.first_mut() {
        *first = digits_last(first);
    }
    // 5 and 6: each word capitalised, all joined.
    words.iter().map(|word| capitalised(word)).collect()
}

/// The name of a Rust type or enum variant: acronyms are words (`RngParameters`, `X509CertificateIssuer`).
pub(crate) fn type_name(printed: &str) -> String {
    rust_words(printed)
        .iter()
        .map(|word| {
            let acronym =
                word.chars().filter(|c| c.is_alphabetic()).count() > 1 && !word.contains(char::is_lowercase);
            if acronym { capitalised(&word.to_lowercase()) } else { capitalised(word) }
        })
        .collect()
}

/// The name of a Rust field or function.
pub(crate) fn field_name(printed: &str) -> String {
    rust_words(printed).join("_").to_lowercase()
}

/// The name of a Rust static.
pub(crate) fn static_name(printed: &str) -> String {
    rust_words(printed).join("_").to_uppercase()
}

/// An identifier, raw where it is a keyword.
pub(crate) fn ident(name: &str) -> Ident {
    if KEYWORDS.contains(&name) {
        Ident::new_raw(name, Span::call_site())
    } else {
        Ident::new(name, Span::call_site())
    }
}

/// Whether a name can be an identifier at all.
pub(crate) fn is_identifier(name: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    starts
        && name != "_"
        && !["self", "Self", "super", "crate"].contains(&name)
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The runs of letters and digits; one that begins with a digit belongs to the one before (`X.509`, `PKCS#12`).
fn rust_words(printed: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in printed.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        match words.last_mut() {
            Some(last) if word.starts_with(|c: char| c.is_ascii_digit()) => last.push_str(word),
            Some(_) => words.push(word.to_owned()),
            None => words.push(digits_last(word)),
        }
    }
    words
}

fn digits_last(word: &str) -> String {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{rest}{}", &word[..word.len() - rest.len()])
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Strict and reserved keywords of edition 2024 that can be raw identifiers.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_names_follow_the_six_rules() {
        for (printed, camel) in [
            ("IV/Counter/Nonce", "IVCounterNonce"),
            ("X.509 Certificate Issuer", "X_509CertificateIssuer"),
            ("PKCS#12 Friendly Name", "PKCS_12FriendlyName"),
            ("PKCS#1", "PKCS_1"),
            ("3DES", "DES3"),
            ("Re-key Key Pair", "ReKeyKeyPair"),
            ("SHA-256", "SHA_256"),
            ("On-line storage", "OnLineStorage"),
            ("Polynomial Sharing GF (2^8)", "PolynomialSharingGF2_8"),
            ("MAC/Signature Key Information", "MACSignatureKeyInformation"),
        ] {
            assert_eq!(text(printed), camel);
        }
    }

    #[test]
    fn rust_names_are_idiomatic() {
        for (printed, type_, field) in [
            ("X.509 Certificate Issuer", "X509CertificateIssuer", "x509_certificate_issuer"),
            ("PKCS#12 Friendly Name", "Pkcs12FriendlyName", "pkcs12_friendly_name"),
            ("RNG Parameters", "RngParameters", "rng_parameters"),
            ("IV/Counter/Nonce", "IvCounterNonce", "iv_counter_nonce"),
            ("Template-Attribute", "TemplateAttribute", "template_attribute"),
            ("Re-key Key Pair", "ReKeyKeyPair", "re_key_key_pair"),
            ("FIPS186 Variation", "Fips186Variation", "fips186_variation"),
            ("3DES", "Des3", "des3"),
            ("D", "D", "d"),
        ] {
            assert_eq!((type_name(printed).as_str(), field_name(printed).as_str()), (type_, field));
        }
        assert_eq!(static_name("Object Type"), "OBJECT_TYPE");
    }

    #[test]
    fn keywords_are_raw() {
        assert_eq!(ident("type").to_string(), "r#type");
        assert_eq!(ident("State").to_string(), "State");
        assert!(!is_identifier("3DES") && !is_identifier("Self") && is_identifier("type"));
    }

    #[test]
    fn text_names_agree_with_the_facts() {
        let facts = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/spec/facts");
        let read = |file: &str| -> Option<serde_json::Value> {
            let text = std::fs::read_to_string(format!("{facts}/{file}")).ok()?;
            Some(serde_json::from_str(&text).unwrap())
        };
        let (Some(tags), Some(enumerations)) = (read("tags.json"), read("enums.json")) else {
            eprintln!("skipped: there are no facts in {facts}");
            return;
        };
        let mut compared = 0;
        let mut compare = |printed: &str, camel: &serde_json::Value| {
            assert_eq!(text(printed), camel.as_str().unwrap(), "{printed}");
            compared += 1;
        };
        for tag in tags["tags"].as_array().unwrap() {
            compare(tag["name"].as_str().unwrap(), &tag["camel"]);
        }
        for (name, enumeration) in enumerations.as_object().unwrap() {
            compare(name, &enumeration["camel"]);
            for value in enumeration["values"].as_array().unwrap() {
                compare(value["name"].as_str().unwrap(), &value["camel"]);
                // A name that was printed otherwise has another CamelCase name in those versions.
                for (versions, camel) in value["camel_in"].as_object().into_iter().flatten() {
                    let first = versions.split(' ').next().unwrap();
                    compare(value["printed"][first].as_str().unwrap(), camel);
                }
            }
        }
        assert!(compared > 1000);
    }
}
