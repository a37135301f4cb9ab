//! The enumerations.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{allow_constant_names, doc, escaped, hex};
use crate::model::{Enumeration, Model};
use crate::names::{ident, static_name};

pub(super) fn emit(model: &Model) -> TokenStream {
    let enumerations: Vec<_> = model.enumerations.iter().filter(|enumeration| !enumeration.mask).collect();
    let enumerations = enumerations.iter().map(|enumeration| emit_one(enumeration, model));
    quote!(#(#enumerations)*)
}

fn emit_one(enumeration: &Enumeration, model: &Model) -> TokenStream {
    let name = ident(&enumeration.entry.rust);
    let table = format_ident!("{}", static_name(&enumeration.type_name));
    let doc = doc(&format!("Enumeration {}", enumeration.entry.name), &enumeration.entry, model);
    let constants = enumeration.values.iter().map(|value| {
        let (constant, number) = (ident(&value.entry.rust), hex(value.number));
        let versions = value.entry.gate.range(&model.versions);
        let doc = format!(" {} (value {number}, KMIP {versions}).", escaped(&value.entry.name));
        let note = value.entry.note.as_ref().map(|note| {
            let note = format!(" {}", escaped(note));
            quote!(#[doc = ""] #[doc = #note])
        });
        quote! {
            #[doc = #doc]
            #note
            pub const #constant: Self = Self(#number);
        }
    });
    let allow = allow_constant_names();
    quote! {
        #doc
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct #name(pub u32);
        #allow
        impl #name { #(#constants)* }
        ::kmip::ttlv::enumeration! { #name, table: &::kmip::types::tables::#table }
    }
}
