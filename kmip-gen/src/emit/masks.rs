//! The bit masks.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{doc, escaped, hex};
use crate::model::{Enumeration, Model};
use crate::names::{ident, static_name};

pub(super) fn emit(model: &Model) -> TokenStream {
    let masks: Vec<_> = model.enumerations.iter().filter(|enumeration| enumeration.mask).collect();
    let masks = masks.iter().map(|mask| emit_one(mask, model));
    quote!(#(#masks)*)
}

fn emit_one(mask: &Enumeration, model: &Model) -> TokenStream {
    let name = ident(&mask.entry.rust);
    let table = format_ident!("{}", static_name(&mask.type_name));
    let doc = doc(&format!("Bit mask {}", mask.entry.name), &mask.entry, model);
    let bits = mask.values.iter().map(|bit| {
        let (constant, number) = (ident(&bit.entry.rust), hex(bit.number));
        let versions = bit.entry.gate.range(&model.versions);
        let doc = format!(" {} (bit {number}, KMIP {versions}).", escaped(&bit.entry.name));
        quote! {
            #[doc = #doc]
            const #constant = #number;
        }
    });
    quote! {
        ::kmip::ttlv::mask! {
            #doc
            pub struct #name { #(#bits)* }
            table: &::kmip::types::tables::#table
        }
    }
}
