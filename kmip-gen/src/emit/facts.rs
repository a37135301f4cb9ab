//! The formats of keys for which none is asked, and what differs between versions without an item that shows it.

use proc_macro2::TokenStream;
use quote::quote;

use super::attributes::value;
use super::{doc, gate};
use crate::bind::{CRYPTOGRAPHIC_ALGORITHM, KEY_FORMAT_TYPE, OBJECT_TYPE};
use crate::model::{KeyFormat, Model};
use crate::names::ident;

pub(super) fn emit(model: &Model) -> TokenStream {
    let key_formats = key_formats(model);
    let entries = model.behaviour.iter().map(|entry| {
        let name = ident(&entry.rust);
        let doc = doc(&entry.name, entry, model);
        let (since, until) = gate(&entry.gate);
        quote! {
            #doc
            pub const #name: Versions = Versions { since: #since, until: #until };
        }
    });
    let uses = (!model.behaviour.is_empty()).then(|| {
        quote!(
            use ::kmip::{ttlv::Version, types::rules::Versions};
        )
    });
    quote! {
        #key_formats

        /// What differs between versions without an item of a message that shows it: the versions in which it is so.
        pub mod behaviour {
            #uses
            #(#entries)*
        }
    }
}

fn key_formats(model: &Model) -> Option<TokenStream> {
    let enumeration = |name| Some(ident(&model.enumerations[model.enumeration(name)?].entry.rust));
    let (object_type, format) = (enumeration(OBJECT_TYPE)?, enumeration(KEY_FORMAT_TYPE)?);
    let algorithm = enumeration(CRYPTOGRAPHIC_ALGORITHM)?;
    let used = model.key_formats.iter().any(|format| !format.algorithms.is_empty());
    let used = used.then_some(&algorithm).into_iter();
    let entries = model.key_formats.iter().map(|entry| emit_one(entry, model));
    Some(quote! {
        /// The formats of keys for which none is asked: first those of keys of certain algorithms, then those of others.
        pub static KEY_FORMATS: &[::kmip::types::rules::DefaultFormat] = {
            use ::kmip::{ttlv::Version, types::rules::{DefaultFormat, Versions}};
            use ::kmip::types::{#object_type, #format #(, #used)*};
            &[#(#entries),*]
        };
    })
}

fn emit_one(entry: &KeyFormat, model: &Model) -> TokenStream {
    let (object_type, format) = (value(entry.object_type, model), value(entry.format, model));
    let algorithms = entry.algorithms.iter().map(|id| value(*id, model));
    let (since, until) = gate(&entry.gate);
    quote! {
        DefaultFormat {
            object_type: #object_type,
            algorithms: &[#(#algorithms),*],
            format: #format,
            versions: Versions { since: #since, until: #until },
        }
    }
}
