//! The structures, and how the type of a field is written.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{choices, doc, escaped, gate, narrower};
use crate::model::{Field, Model, Plain, Structure, Type};
use crate::names::ident;
use crate::version::{Gate, Version};

pub(super) fn emit(model: &Model) -> TokenStream {
    let mut uses = Uses::default();
    let structures: Vec<_> = (0..model.structures.len())
        .filter(|id| !model.is_payload(Type::Structure(*id)))
        .map(|id| emit_one(&model.structures[id], model, &mut uses))
        .collect();
    let choices: Vec<_> = model
        .choices
        .iter()
        .filter(|choice| !choices::is_payload(choice, model))
        .map(|choice| choices::emit(choice, model, &mut uses))
        .collect();
    let uses = uses.emit();
    quote! {
        #uses
        #(#structures)*
        #(#choices)*
    }
}

/// The list of all structures, for the property tests.
pub(super) fn for_each(model: &Model) -> TokenStream {
    let structures = model.structures.iter().filter_map(|structure| {
        let name = ident(&structure.entry.rust);
        let tag = ident(&model.tags[structure.tag?].entry.rust);
        let since = structure.entry.gate.since.to_string();
        let until = structure.entry.gate.last(&model.versions).to_string();
        Some(quote!(#name, tag: #tag, since: #since, until: #until;))
    });
    quote! {
        /// Calls a macro with the list of all structures: their type, tag, and first and last version.
        #[doc(hidden)]
        #[macro_export]
        macro_rules! for_each_structure {
            ($m:ident) => { $m! { #(#structures)* } };
        }
    }
}

/// The derives of all structures and choices.
pub(super) fn derives(default: bool) -> TokenStream {
    let default = default.then(|| quote!(Default,));
    quote! {
        #[derive(Clone, Debug, #default PartialEq, ::kmip::ttlv::Encode, ::kmip::ttlv::Decode)]
        #[cfg_attr(feature = "arbitrary", derive(::kmip::ttlv::Arbitrary))]
    }
}

pub(super) fn emit_one(structure: &Structure, model: &Model, uses: &mut Uses) -> TokenStream {
    let own = structure.entry.gate;
    let name = ident(&structure.entry.rust);
    let doc = doc(&structure.entry.name, &structure.entry, model);
    let required: Vec<&Field> =
        structure.fields.iter().filter(|field| field.is_plain(&own, &model.versions)).collect();
    let derives = derives(required.is_empty());
    let mut attributes = Vec::new();
    attributes.extend(structure.tag.map(|tag| {
        let tag = ident(&model.tags[tag].entry.rust);
        quote!(tag = #tag)
    }));
    let all = Gate { since: model.versions.first().copied().unwrap_or(own.since), until: None };
    attributes.extend(narrower(&own, &all, model));
    attributes.extend(structure.open.then(|| quote!(open)));

    let fields =
        structure.fields.iter().map(|field| emit_field(field, &own, model, uses)).collect::<Vec<_>>();
    uses.ttlv("Unknown");
    let parameters = required.iter().map(|field| {
        let (name, of) =
            (ident(&field.entry.rust), type_of(field.of, field.secret, model, &mut Uses::default()));
        quote!(#name: #of)
    });
    let set = structure.fields.iter().map(|field| {
        let name = ident(&field.entry.rust);
        match (field.is_plain(&own, &model.versions), field.repeat) {
            (true, _) => quote!(#name),
            (false, Some(_)) => quote!(#name: Vec::new()),
            (false, None) => quote!(#name: None),
        }
    });
    let new_doc = match required.as_slice() {
        [] => " With no field set.",
        _ => " With the fields that are always required, and no other set.",
    };
    let gates: Vec<_> = structure
        .fields
        .iter()
        .flat_map(|field| [has_field(field, &own, model, uses), requires_field(field, model, uses)])
        .flatten()
        .collect();
    let fit = fit(structure, &own, model);
    let allow = (required.len() > MOST_ARGUMENTS).then(|| {
        quote!(#[allow(clippy::too_many_arguments, reason = "one for each field that is always required")])
    });
    quote! {
        #doc
        #derives
        #[ttlv(#(#attributes),*)]
        pub struct #name {
            #(#fields)*
            /// Items that the tables do not list.
            #[ttlv(unknown)]
            pub unknown: Unknown,
        }
        impl #name {
            #[doc = #new_doc]
            #allow
            pub fn new(#(#parameters),*) -> Self {
                Self { #(#set,)* unknown: Unknown::default() }
            }
            #(#gates)*
            #fit
        }
    }
}

/// Asks whether a version requires a field that is optional in others.
fn requires_field(field: &Field, model: &Model, uses: &mut Uses) -> Option<TokenStream> {
    let optional = field.optional?;
    let required: Vec<Version> =
        field.entry.gate.of(&model.versions).filter(|version| !optional.contains(*version)).collect();
    let (first, last) = (*required.first()?, *required.last()?);
    uses.ttlv("Version");
    let (since, until) = gate(&Gate { since: first, until: Some(last) });
    let name = format_ident!("requires_{}", field.entry.rust.trim_start_matches("r#"));
    let doc =
        format!(" Whether a version requires {} here (KMIP {first} to {last}).", escaped(&field.entry.name));
    Some(quote! {
        #[doc = #doc]
        pub const fn #name(version: Version) -> bool {
            version.is_within(#since, #until)
        }
    })
}

/// Asks whether a version has a field that not all versions of its structure have.
fn has_field(field: &Field, structure: &Gate, model: &Model, uses: &mut Uses) -> Option<TokenStream> {
    structure.outside(&field.entry.gate, &model.versions)?;
    uses.ttlv("Version");
    let (since, until) = gate(&field.entry.gate);
    let name = has_name(field);
    let doc = format!(
        " Whether a version has {} here (KMIP {}).",
        escaped(&field.entry.name),
        field.entry.gate.range(&model.versions)
    );
    Some(quote! {
        #[doc = #doc]
        pub const fn #name(version: Version) -> bool {
            version.is_within(#since, #until)
        }
    })
}

/// Takes away the fields that a version doesn't have.
fn fit(structure: &Structure, own: &Gate, model: &Model) -> Option<TokenStream> {
    let takes: Vec<_> = structure
        .fields
        .iter()
        .filter(|field| own.outside(&field.entry.gate, &model.versions).is_some())
        .map(|field| {
            let (name, has) = (ident(&field.entry.rust), has_name(field));
            match field.repeat {
                Some(_) => quote!(self.#name.retain(|_| Self::#has(version));),
                None => quote!(self.#name = self.#name.take().filter(|_| Self::#has(version));),
            }
        })
        .collect();
    (!takes.is_empty()).then(|| {
        quote! {
            /// Takes away the fields that a version doesn't have here, for whom the rest says enough.
            pub fn fit(&mut self, version: Version) {
                #(#takes)*
            }
        }
    })
}

fn has_name(field: &Field) -> Ident {
    format_ident!("has_{}", field.entry.rust.trim_start_matches("r#"))
}

fn emit_field(field: &Field, structure: &Gate, model: &Model, uses: &mut Uses) -> TokenStream {
    let name = ident(&field.entry.rust);
    let inner = type_of(field.of, field.secret, model, uses);
    let plain = field.is_plain(structure, &model.versions);
    let of = match (plain, field.repeat, field.boxed) {
        (true, ..) => inner,
        (false, Some(_), _) => quote!(Vec<#inner>),
        (false, None, true) => quote!(Option<Box<#inner>>),
        (false, None, false) => quote!(Option<#inner>),
    };
    let mut attributes = vec![match field.tag {
        Some(tag) => {
            let tag = ident(&model.tags[tag].entry.rust);
            quote!(tag = #tag)
        }
        None => quote!(by_tag),
    }];
    attributes.extend(narrower(&field.entry.gate, structure, model));
    if !plain {
        attributes.extend(bounded("required", field, |version| !field.is_optional(version), model));
    }
    if field.repeat.is_some() {
        attributes.extend(bounded("single", field, |version| !field.is_repeated(version), model));
    }
    attributes.extend(field.decides.then(|| quote!(decides)));
    let doc = field_doc(field, structure, model);
    quote! {
        #doc
        #[ttlv(#(#attributes),*)]
        pub #name: #of,
    }
}

/// `keyword` where all versions of a field are like that, `keyword(since = .., until = ..)` where some are.
fn bounded(keyword: &str, field: &Field, is: impl Fn(Version) -> bool, model: &Model) -> Option<TokenStream> {
    let keyword = format_ident!("{keyword}");
    let alive: Vec<Version> = field.entry.gate.of(&model.versions).collect();
    let like: Vec<Version> = alive.iter().copied().filter(|version| is(*version)).collect();
    let (first, last) = (like.first()?, like.last()?);
    let since = (Some(first) != alive.first()).then(|| {
        let since = first.to_string();
        quote!(since = #since)
    });
    let until = (Some(last) != alive.last()).then(|| {
        let until = last.to_string();
        quote!(until = #until)
    });
    let bounds: Vec<_> = since.into_iter().chain(until).collect();
    Some(if bounds.is_empty() { quote!(#keyword) } else { quote!(#keyword(#(#bounds),*)) })
}

fn field_doc(field: &Field, structure: &Gate, model: &Model) -> TokenStream {
    let mut doc = format!(" {}", escaped(&field.entry.name));
    if structure.outside(&field.entry.gate, &model.versions).is_some() {
        doc.push_str(&format!(" (KMIP {})", field.entry.gate.range(&model.versions)));
    }
    doc.push('.');
    if let Some(note) = &field.entry.note {
        doc.push(' ');
        doc.push_str(&escaped(note));
    }
    quote!(#[doc = #doc])
}

/// The Rust type of an item.
pub(super) fn type_of(of: Type, secret: bool, model: &Model, uses: &mut Uses) -> TokenStream {
    let plain = match of {
        Type::Plain(plain) => plain,
        Type::Enumeration(id) => return uses.generated(&model.enumerations[id].entry.rust),
        Type::Structure(id) => return uses.generated(&model.structures[id].entry.rust),
        Type::Choice(id) => return uses.generated(&model.choices[id].entry.rust),
    };
    match plain {
        Plain::Integer => quote!(i32),
        Plain::LongInteger => quote!(i64),
        Plain::Boolean => quote!(bool),
        Plain::AttributeName => uses.generated("AttributeName"),
        Plain::BigInteger => uses.ttlv("BigInteger"),
        Plain::TextString => uses.ttlv(if secret { "SecretText" } else { "Text" }),
        Plain::ByteString => uses.ttlv(if secret { "Secret" } else { "Bytes" }),
        Plain::DateTime => uses.ttlv("DateTime"),
        Plain::Interval => uses.ttlv("Interval"),
        Plain::DateTimeExtended => uses.ttlv("DateTimeExtended"),
        Plain::Enumeration => uses.ttlv("Enumeration"),
        Plain::Tag => uses.ttlv("TagValue"),
        Plain::Any => uses.ttlv("Item"),
    }
}

/// What a file refers to, for the `use` at its head.
#[derive(Default)]
pub(super) struct Uses {
    ttlv: BTreeSet<String>,
    generated: bool,
}

impl Uses {
    /// A type of the codec.
    pub(super) fn ttlv(&mut self, name: &str) -> TokenStream {
        self.ttlv.insert(name.to_owned());
        let name = ident(name);
        quote!(#name)
    }

    /// A type of the tables, or one written by hand beside them.
    pub(super) fn generated(&mut self, name: &str) -> TokenStream {
        self.generated = true;
        let name = ident(name);
        quote!(#name)
    }

    pub(super) fn emit(&self) -> TokenStream {
        let names: Vec<Ident> = self.ttlv.iter().map(|name| ident(name)).collect();
        let ttlv = (!names.is_empty()).then(|| quote!(use ::kmip::ttlv::{#(#names),*};));
        let generated = self.generated.then(|| {
            quote! {
                #[allow(unused_imports, reason = "what is used may all stand in this file")]
                use ::kmip::types::*;
            }
        });
        quote!(#ttlv #generated)
    }
}

/// Clippy's limit for the arguments of a function.
const MOST_ARGUMENTS: usize = 7;
