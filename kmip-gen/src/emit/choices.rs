//! The choices.

use proc_macro2::TokenStream;
use quote::quote;

use super::structures::{Uses, derives, type_of};
use super::{doc, escaped, hex, narrower};
use crate::model::{By, Case, Choice, Model};
use crate::names::ident;

/// Whether the cases of a choice are the payloads of operations.
pub(super) fn is_payload(choice: &Choice, model: &Model) -> bool {
    choice.cases.iter().any(|case| model.is_payload(case.of))
}

pub(super) fn emit(choice: &Choice, model: &Model, uses: &mut Uses) -> TokenStream {
    let name = ident(&choice.entry.rust);
    let doc = doc(&choice.entry.name, &choice.entry, model);
    let derives = derives(false);
    let by = match choice.by {
        By::ItemType => quote!(item_type),
        By::Tag => quote!(tag),
        By::Attribute(_) => quote!(attribute),
        By::Decider(tag) => {
            let tag = ident(&model.tags[tag].entry.rust);
            quote!(decider(#tag))
        }
    };
    let variants: Vec<_> = choice.cases.iter().map(|case| emit_case(case, choice, model, uses)).collect();
    let item = uses.ttlv("Item");
    // Where cases are small, what none of them fits is boxed, so that the whole stays small.
    let boxed = matches!(choice.by, By::ItemType | By::Decider(_)) && !is_payload(choice, model);
    let other = if boxed { quote!(Box<#item>) } else { quote!(#item) };
    quote! {
        #doc
        #derives
        #[ttlv(choice(by = #by))]
        pub enum #name {
            #(#variants)*
            /// What none of the cases fits.
            #[ttlv(other)]
            Other(#other),
        }
    }
}

fn emit_case(case: &Case, choice: &Choice, model: &Model, uses: &mut Uses) -> TokenStream {
    let variant = ident(&case.entry.rust);
    let inner = type_of(case.of, case.secret, model, uses);
    let of = if case.boxed { quote!(Box<#inner>) } else { inner };
    let mut attributes = Vec::new();
    attributes.extend(case.tag.map(|tag| {
        let tag = ident(&model.tags[tag].entry.rust);
        quote!(tag = #tag)
    }));
    if !case.when.is_empty() {
        let values = case.when.iter().map(|value| hex(model.value(*value).number));
        attributes.push(quote!(when(#(#values),*)));
    }
    attributes.extend(narrower(&case.entry.gate, &choice.entry.gate, model));
    let attributes = (!attributes.is_empty()).then(|| quote!(#[ttlv(#(#attributes),*)]));
    let doc = case_doc(case, choice, model);
    quote! {
        #[doc = #doc]
        #attributes
        #variant(#of),
    }
}

fn case_doc(case: &Case, choice: &Choice, model: &Model) -> String {
    let mut doc = format!(" {}", escaped(&case.entry.name));
    if choice.entry.gate.outside(&case.entry.gate, &model.versions).is_some() {
        doc.push_str(&format!(" (KMIP {})", case.entry.gate.range(&model.versions)));
    }
    doc.push('.');
    doc
}
