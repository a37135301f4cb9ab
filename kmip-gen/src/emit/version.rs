//! The protocol versions.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::version;
use crate::model::Model;

pub(super) fn emit(model: &Model) -> TokenStream {
    let constants = model.documents.iter().map(|(number, document, date)| {
        let name = format_ident!("V{}_{}", number.major, number.minor);
        let doc = format!(" {document} of {date}.");
        let value = version(*number);
        quote! {
            #[doc = #doc]
            pub const #name: ::kmip::ttlv::Version = ::kmip::ttlv::#value;
        }
    });
    let all = model.versions.iter().map(|version| format_ident!("V{}_{}", version.major, version.minor));
    quote! {
        #(#constants)*
        /// All protocol versions, oldest first.
        pub const ALL: &[::kmip::ttlv::Version] = &[#(#all),*];
    }
}
