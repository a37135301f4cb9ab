//! From an annotated struct or enum to the code that reads and writes it as TTLV.
//!
//! This crate knows TTLV and nothing of KMIP's tables: what it needs to know of a field stands beside the field. The
//! crate `kmip` re-exports the macros as `kmip::ttlv::{Decode, Encode, Arbitrary}`; its generated types use them, and so
//! can anyone's own.
//!
//! # Structures
//!
//! A field of type `T` is required, `Option<T>` optional, `Vec<T>` repeated. On the struct:
//!
//! | `#[ttlv(…)]` | meaning |
//! | --- | --- |
//! | `tag = Name` | the tag, a constant of `kmip::ttlv::Tag`; or `tag = 0x540001` |
//! | `since = "1.2"`, `until = "1.4"` | the versions that have it |
//! | `open` | items without a field are kept in strict mode, too |
//!
//! On a field:
//!
//! | `#[ttlv(…)]` | meaning |
//! | --- | --- |
//! | `tag = Name` | its tag |
//! | `since = …`, `until = …` | the versions that have it |
//! | `required`, `required(since = …, until = …)` | an optional or repeated field has to be there, in these versions |
//! | `single(since = …, until = …)` | a repeated field may stand there only once in these versions |
//! | `decides` | choices further on are decided by its value |
//! | `by_tag` | its type is a choice by tag: it has no tag of its own |
//! | `unknown` | takes the items for which there is no field |
//!
//! # Choices
//!
//! An enum with `#[ttlv(choice(by = …))]`, where each variant holds one value, and the last is
//! `#[ttlv(other)] Other(Item)`:
//!
//! | `by` | a variant applies when |
//! | --- | --- |
//! | `item_type` | its type has the item's type |
//! | `tag` | its `#[ttlv(tag = …)]` is the item's tag |
//! | `decider(Name)` | its `#[ttlv(when(1, 2))]`, if it has one, holds the value of the field `Name`, and its type fits |
//! | `attribute` | its `#[ttlv(tag = …)]` is the item's tag or, under the tag Attribute Value, that of the Attribute Name |

mod arbitrary;
mod attributes;
mod choice;
mod decode;
mod encode;
mod gate;
mod structure;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use syn::{Data, DeriveInput, Fields, parse_macro_input};

use self::{choice::Choice, structure::Structure};

/// Derives `kmip::ttlv::Decode`.
#[proc_macro_derive(Decode, attributes(ttlv))]
pub fn derive_decode(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input as DeriveInput), decode::structure, decode::choice)
}

/// Derives `kmip::ttlv::Encode`.
#[proc_macro_derive(Encode, attributes(ttlv))]
pub fn derive_encode(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input as DeriveInput), encode::structure, encode::choice)
}

/// Derives `kmip::ttlv::Arbitrary`.
#[proc_macro_derive(Arbitrary, attributes(ttlv))]
pub fn derive_arbitrary(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input as DeriveInput), arbitrary::structure, arbitrary::choice)
}

fn expand(
    input: DeriveInput,
    structure: fn(&Structure) -> Tokens,
    choice: fn(&Choice) -> Tokens,
) -> TokenStream {
    let made = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Structure::parse(&input, fields).map(|parsed| structure(&parsed)),
            fields => Err(syn::Error::new_spanned(fields, "a TTLV structure has named fields")),
        },
        Data::Enum(data) => Choice::parse(&input, data).map(|parsed| choice(&parsed)),
        Data::Union(_) => Err(syn::Error::new_spanned(&input.ident, "a union cannot be TTLV")),
    };
    made.unwrap_or_else(syn::Error::into_compile_error).into()
}
