//! Writes the model as Rust: one module a file, each a plain list of items.

mod attributes;
mod choices;
mod enums;
mod facts;
mod masks;
mod names;
mod operation_info;
mod operations;
mod structures;
mod tags;
mod version;

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::model::{Entry, Model};
use crate::version::{Gate, Version};

/// The files by the name of their table, in the order in which they are written.
pub(crate) fn files(model: &Model) -> Vec<(&'static str, TokenStream)> {
    vec![
        ("version", version::emit(model)),
        ("tags", tags::emit(model)),
        ("enums", enums::emit(model)),
        ("masks", masks::emit(model)),
        ("structures", structures::emit(model)),
        ("operations", operations::emit(model)),
        ("names", names::emit(model)),
        ("attributes", attributes::emit(model)),
        ("operation_info", operation_info::emit(model)),
        ("facts", facts::emit(model)),
        ("for_each", structures::for_each(model)),
    ]
}

/// `Version::new(1, 4)`.
fn version(version: Version) -> TokenStream {
    let (major, minor) = (Literal::u8_unsuffixed(version.major), Literal::u8_unsuffixed(version.minor));
    quote!(Version::new(#major, #minor))
}

/// The two versions of a gate as expressions: `since`, and `until` as an `Option`.
fn gate(gate: &Gate) -> (TokenStream, TokenStream) {
    let until = match gate.until {
        Some(until) => {
            let until = version(until);
            quote!(Some(#until))
        }
        None => quote!(None),
    };
    (version(gate.since), until)
}

/// `since = "1.2"` and `until = "1.4"`, where the gate is narrower than the outer one.
fn narrower(gate: &Gate, outer: &Gate, model: &Model) -> Vec<TokenStream> {
    let mut bounds = Vec::new();
    if outer.outside(&Gate { until: None, ..*gate }, &model.versions).is_some() {
        let since = gate.since.to_string();
        bounds.push(quote!(since = #since));
    }
    if outer.outside(&Gate { since: outer.since, ..*gate }, &model.versions).is_some() {
        let until = gate.last(&model.versions).to_string();
        bounds.push(quote!(until = #until));
    }
    bounds
}

/// A number as the specification writes it.
fn hex(number: u32) -> Literal {
    // Digits after `0x` are always a literal.
    format!("0x{number:X}").parse().unwrap_or_else(|_| Literal::u32_unsuffixed(number))
}

/// The doc comment of an item: what it is, in which versions, from which sections, and what is to be noted.
fn doc(what: &str, entry: &Entry, model: &Model) -> TokenStream {
    let versions = entry.gate.range(&model.versions);
    let sections = sections(entry);
    let first = match sections.as_str() {
        "" => format!(" {} (KMIP {versions}).", escaped(what)),
        sections => format!(" {} (KMIP {versions}; {sections}).", escaped(what)),
    };
    let note = entry.note.iter().map(|note| format!(" {}", escaped(note)));
    match note.collect::<Vec<_>>().as_slice() {
        [] => quote!(#[doc = #first]),
        note => quote!(#[doc = #first] #[doc = ""] #(#[doc = #note])*),
    }
}

/// `1.0 §2.1.3, 2.0 §3.1`.
pub(crate) fn sections(entry: &Entry) -> String {
    let sections: Vec<String> =
        entry.section.iter().map(|(version, section)| format!("{version} §{section}")).collect();
    sections.join(", ")
}

/// Text that Markdown shows as it is.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        if matches!(c, '[' | ']' | '<' | '>' | '*' | '`' | '\\' | '_' | '#' | '|') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Why constants are not in capitals.
fn allow_constant_names() -> TokenStream {
    quote!(#[allow(non_upper_case_globals, reason = "the names are those of the XML and JSON encodings")])
}
