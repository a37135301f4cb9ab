use proc_macro2::TokenStream as Tokens;
use quote::quote;

use crate::{
    attributes::TagName,
    choice::{By, Case, Choice},
    structure::{Field, Place, Presence, Structure},
};

pub(crate) fn structure(structure: &Structure) -> Tokens {
    let name = &structure.name;
    // In wire order, so that what decides is made before what is decided.
    let makes = structure.fields.iter().map(make);
    let names = structure.fields.iter().map(|field| &field.name);
    let rest =
        structure.unknown.as_ref().map(|unknown| quote!(#unknown: ::core::default::Default::default(),));
    quote! {
        #[automatically_derived]
        impl ::kmip::ttlv::Arbitrary for #name {
            fn arbitrary(
                _tag: ::kmip::ttlv::Tag,
                from: &mut ::kmip::ttlv::Source<'_, '_>,
            ) -> ::kmip::ttlv::arbitrary::Result<Self> {
                let decider = from.enter();
                #(#makes)*
                from.leave(decider);
                ::core::result::Result::Ok(Self { #(#names,)* #rest })
            }
        }
    }
}

fn make(field: &Field) -> Tokens {
    let (name, value) = (&field.name, &field.value);
    let tag = match &field.place {
        Place::Tag(tag) => tag.tokens(),
        Place::ByTag => quote!(::kmip::ttlv::Tag(0)),
    };
    let one = quote!(<#value as ::kmip::ttlv::Arbitrary>::arbitrary(#tag, from)?);
    let alive = field.gate.holds(&quote!(from.version()));
    let required = match &field.required {
        Some(required) => required.holds(&quote!(from.version())),
        None => quote!(false),
    };
    let decide = field.decides.then(|| match field.presence {
        Presence::Optional => quote! {
            if let ::core::option::Option::Some(value) = &#name {
                from.decide(#tag, ::kmip::ttlv::Decides::deciding(value));
            }
        },
        _ => quote!(from.decide(#tag, ::kmip::ttlv::Decides::deciding(&#name));),
    });
    match field.presence {
        Presence::Required => quote!(let #name = #one; #decide),
        Presence::Optional => quote! {
            let #name = if (#alive) && ((#required) || from.some()?) {
                ::core::option::Option::Some(#one)
            } else {
                ::core::option::Option::None
            };
            #decide
        },
        Presence::Repeated => {
            let single = match &field.single {
                Some(single) => single.holds(&quote!(from.version())),
                None => quote!(false),
            };
            quote! {
                let mut #name = ::std::vec::Vec::new();
                if #alive {
                    let least = usize::from(#required);
                    let count = from.many(least)?;
                    for _ in 0..if #single { count.min(1) } else { count } {
                        #name.push(#one);
                    }
                }
            }
        }
    }
}

pub(crate) fn choice(choice: &Choice) -> Tokens {
    let (name, other) = (&choice.name, &choice.other);
    let fits = choice.cases.iter().map(|case| {
        let gate = case.gate.holds(&quote!(from.version()));
        let decided = decided(choice, case);
        quote!((#gate) && (#decided))
    });
    let makes = choice.cases.iter().enumerate().map(|(index, case)| {
        let (name, value) = (&case.name, &case.value);
        let tag = case.tag.as_ref().map_or_else(|| quote!(tag), TagName::tokens);
        quote!(#index => Self::#name(<#value as ::kmip::ttlv::Arbitrary>::arbitrary(#tag, from)?),)
    });
    // What the tables know must be made by them: reading it back as something else would be an error.
    let unknown = match &choice.by {
        By::Decider(decider) => {
            let decider = decider.tokens();
            let known = choice.cases.iter().flat_map(|case| &case.when);
            quote!(!from.decided(#decider).is_some_and(|decided| [#(#known),*].contains(&decided)))
        }
        By::Attribute => quote!(
            tag == ::kmip::ttlv::Tag::AttributeValue
                && from.decided(::kmip::ttlv::Tag::AttributeName).is_none_or(|name| name == 0)
        ),
        By::ItemType | By::Tag => quote!(false),
    };
    quote! {
        #[automatically_derived]
        impl ::kmip::ttlv::Arbitrary for #name {
            fn arbitrary(
                tag: ::kmip::ttlv::Tag,
                from: &mut ::kmip::ttlv::Source<'_, '_>,
            ) -> ::kmip::ttlv::arbitrary::Result<Self> {
                let fitting: ::std::vec::Vec<usize> =
                    [#(#fits),*].into_iter().enumerate().filter_map(|(index, fits): (usize, bool)| fits.then_some(index)).collect();
                if fitting.is_empty() {
                    return if #unknown {
                        <::kmip::ttlv::Item as ::kmip::ttlv::Arbitrary>::arbitrary(tag, from).map(|item| Self::#other(item.into()))
                    } else {
                        ::core::result::Result::Err(::kmip::ttlv::arbitrary::Error::IncorrectFormat)
                    };
                }
                let chosen = fitting[from.choose(fitting.len())?];
                ::core::result::Result::Ok(match chosen {
                    #(#makes)*
                    _ => return ::core::result::Result::Err(::kmip::ttlv::arbitrary::Error::IncorrectFormat),
                })
            }
        }
    }
}

fn decided(choice: &Choice, case: &Case) -> Tokens {
    match (&choice.by, &case.tag) {
        (By::Decider(decider), _) if !case.when.is_empty() => {
            let (decider, when) = (decider.tokens(), &case.when);
            quote!(from.decided(#decider).is_some_and(|decided| [#(#when),*].contains(&decided)))
        }
        (By::Attribute, Some(own)) => {
            let own = own.tokens();
            quote!(tag != ::kmip::ttlv::Tag::AttributeValue
                || from.decided(::kmip::ttlv::Tag::AttributeName).map(::kmip::ttlv::Tag)
                    == ::core::option::Option::Some(#own))
        }
        _ => quote!(true),
    }
}
