//! The tags as constants.

use proc_macro2::TokenStream;
use quote::quote;

use super::{allow_constant_names, doc, hex};
use crate::model::Model;
use crate::names::ident;

pub(super) fn emit(model: &Model) -> TokenStream {
    let constants = model.tags.iter().map(|tag| {
        let (name, number) = (ident(&tag.entry.rust), hex(tag.number));
        let doc = doc(&tag.entry.name, &tag.entry, model);
        quote! {
            #doc
            pub const #name: Self = Self(#number);
        }
    });
    let allow = allow_constant_names();
    quote! {
        #allow
        impl ::kmip::ttlv::Tag { #(#constants)* }
    }
}
