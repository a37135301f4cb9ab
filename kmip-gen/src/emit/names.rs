//! The lookup tables between numbers and names.

use std::collections::BTreeMap;

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::{gate, hex};
use crate::model::{Enumeration, Model, TagId};
use crate::names::{ident, static_name};

pub(super) fn emit(model: &Model) -> TokenStream {
    let mut order: Vec<TagId> = (0..model.tags.len()).collect();
    order.sort_by_key(|tag| model.tags[*tag].number);
    let tags = order.iter().map(|tag| tag_info(*tag, model));
    let enumerations = model.enumerations.iter().map(enumeration_info);
    let (attribute_tag, attribute_name) = attributes(model);
    quote! {
        /// Every tag, by number.
        pub static TAGS: &[::kmip::ttlv::names::TagInfo] = {
            use ::kmip::ttlv::names::{TagInfo, Values};
            use ::kmip::ttlv::{ItemType, Tag, Version};
            &[#(#tags),*]
        };
        #(#enumerations)*
        #attribute_tag
        #attribute_name
    }
}

fn tag_info(id: TagId, model: &Model) -> TokenStream {
    let tag = &model.tags[id];
    let (name, text, number) = (&tag.entry.name, &tag.entry.text, hex(tag.number));
    let (since, until) = gate(&tag.entry.gate);
    let types = model.types_of_tag(id);
    let item_types = model.item_types_of_tag(id);
    let item_types = item_types.iter().map(|item_type| ident(&item_type.rust()));
    let secret = tag.secret;
    let values = match types.iter().find_map(|of| model.values_of(*of)) {
        Some(values) => {
            let kind = if model.enumerations[values].mask { quote!(Mask) } else { quote!(Enumeration) };
            let table = format_ident!("{}", static_name(&model.enumerations[values].type_name));
            quote!(Some(Values::#kind(&#table)))
        }
        None if types.iter().any(|of| model.is_tag(*of)) => quote!(Some(Values::Tags)),
        None => quote!(None),
    };
    quote! {
        TagInfo {
            tag: Tag(#number),
            name: #name,
            text: #text,
            since: #since,
            until: #until,
            item_types: &[#(ItemType::#item_types),*],
            secret: #secret,
            values: #values,
        }
    }
}

fn enumeration_info(enumeration: &Enumeration) -> TokenStream {
    let table = format_ident!("{}", static_name(&enumeration.type_name));
    let (name, text) = (&enumeration.entry.name, &enumeration.entry.text);
    let doc = format!(" The names of the values of {}, by number.", super::escaped(name));
    let mut values: Vec<_> = enumeration.values.iter().collect();
    values.sort_by_key(|value| value.number);
    let values = values.iter().map(|value| {
        let (number, name, text, also) =
            (hex(value.number), &value.entry.name, &value.entry.text, &value.also);
        let (since, until) = gate(&value.entry.gate);
        quote! {
            ValueInfo {
                value: #number,
                name: #name,
                text: #text,
                also: &[#(#also),*],
                since: #since,
                until: #until,
            }
        }
    });
    let info =
        quote!(::kmip::ttlv::names::EnumerationInfo { name: #name, text: #text, values: &[#(#values),*] });
    let info = if enumeration.values.is_empty() {
        info
    } else {
        quote! {
            {
                use ::kmip::ttlv::Version;
                use ::kmip::ttlv::names::ValueInfo;
                #info
            }
        }
    };
    quote! {
        #[doc = #doc]
        pub static #table: ::kmip::ttlv::names::EnumerationInfo = #info;
    }
}

/// Attributes by name and by tag. A match on the length first: names of one length are few.
fn attributes(model: &Model) -> (TokenStream, TokenStream) {
    let mut by_length: BTreeMap<usize, Vec<TokenStream>> = BTreeMap::new();
    for attribute in &model.attributes {
        let name = &attribute.entry.name;
        let bytes = Literal::byte_string(name.as_bytes());
        let tag = ident(&model.tags[attribute.tag].entry.rust);
        by_length.entry(name.len()).or_default().push(quote!(#bytes => Some(Tag::#tag)));
    }
    let lengths = by_length.iter().map(|(length, arms)| {
        let length = Literal::usize_unsuffixed(*length);
        quote! {
            #length => match name {
                #(#arms,)*
                _ => None,
            }
        }
    });
    let names = model.attributes.iter().map(|attribute| {
        let (name, tag) = (&attribute.entry.name, ident(&model.tags[attribute.tag].entry.rust));
        quote!(Tag::#tag => Some(#name))
    });
    let attribute_tag = quote! {
        /// The tag of the attribute that the specification gives this name.
        pub fn attribute_tag(name: &[u8]) -> Option<::kmip::ttlv::Tag> {
            use ::kmip::ttlv::Tag;
            match name.len() {
                #(#lengths)*
                _ => None,
            }
        }
    };
    let attribute_name = quote! {
        /// The name of the attribute that has this tag.
        pub fn attribute_name(tag: ::kmip::ttlv::Tag) -> Option<&'static str> {
            use ::kmip::ttlv::Tag;
            match tag {
                #(#names,)*
                _ => None,
            }
        }
    };
    (attribute_tag, attribute_name)
}
